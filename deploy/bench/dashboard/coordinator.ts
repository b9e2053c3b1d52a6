import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { start } from "../process.js";

/** A `parallax up` with all its processes. */
export interface BenchCoordinator {
  readonly url: string;
  readonly token: string;
  /** Resolves when the certificate of a campaign that is over is made; rejects with the API's words when it is not. */
  certified(campaign: string): Promise<void>;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("../../../coordinator/main.js", import.meta.url));
const PORTS = ["api", "warehouse", "agents", "enrolment", "broker"].flatMap((name) => [`--${name}-port`, "0"]);
/** The engine opens a folder of a hundred million rows in a few seconds. */
const UP_WITHIN_MS = 120_000;
const CERTIFIED_WITHIN_MS = 600_000;

/** Starts `parallax up` on a data folder; resolves when it answers. */
export async function startCoordinator(data: string): Promise<BenchCoordinator> {
  const running = start([process.execPath, PROGRAM, "up", "--json", "--data", data, ...PORTS]);
  const { child } = running;
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  const deadline = Date.now() + UP_WITHIN_MS;
  for (;;) {
    const [, url] = /"api":"([^"]+)"/.exec(running.printed()) ?? [];
    if (url !== undefined) {
      const token = readFileSync(join(data, "operator.token"), "utf8").trim();
      return { url, token, certified: (id) => certified(url, token, id), stop };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      await running.kill();
      throw new Error(`parallax up did not start: ${running.printed()}`);
    }
    await sleep(50);
  }
}

async function certified(url: string, token: string, campaign: string): Promise<void> {
  const deadline = Date.now() + CERTIFIED_WITHIN_MS;
  for (;;) {
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/v1/campaigns/${campaign}/certificate`, { headers });
    const text = await answer.text();
    if (answer.ok) return;
    // 409: not all of it is stored yet.
    if (answer.status !== 409 || Date.now() > deadline) throw new Error(`certificate of ${campaign}: ${text}`);
    await sleep(500);
  }
}
