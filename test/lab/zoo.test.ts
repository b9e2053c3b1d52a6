import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Hop } from "../../coordinator/compare/evidence.js";
import type { Lab, startLab as StartLab } from "../../deploy/lab/lab.js";
import { VANTAGE_POINTS } from "../../deploy/lab/networks.js";
import { TIMESTAMPS_GONE } from "../../deploy/lab/zoo/syn-options.js";
import { zooLabs } from "../../deploy/lab/zoo/zoo.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import { judged, type Look, truly } from "../deploy/lab/judged.js";

const AGENT = join(process.cwd(), "dist/agent/main.js");

interface ReplyLine {
  readonly saddr: string;
  readonly variant: Variant;
  readonly verdict: SynVerdict;
}

interface HopLine extends Hop {
  readonly target: string;
  readonly variant: Variant;
}

// A machine that has much else to do loses packets, and with them hops.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

/** Real kernels and real packets; the boxes are the rules that the simulator runs, between two ends of a wire. */
describe("the zoo in the lab, every box near its host", () => {
  const folder = mkdtempSync(join(tmpdir(), "pxzoo-"));
  const file = (name: string): string => join(folder, name);
  const [networks = []] = zooLabs("near-destination");
  let lab: Lab;

  beforeAll(async () => {
    writeFileSync(file("agent.yaml"), 'open: [198.18.0.0/15, "2001:db8::/32"]\n');
    const { startLab } = (await import(join(process.cwd(), "dist/deploy/lab/lab.js"))) as { startLab: typeof StartLab };
    lab = await startLab({ folder, services: [], networks, crowd: false, onProgress: (text) => console.log(text) });
  });
  afterAll(async () => {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gets every verdict and every interval", async () => {
    const truths = lab.truth.filter(({ port }) => port === 80);
    const addresses = truths.map(({ address }) => address);
    const looks: Look[] = [];
    // One after the other: what is on trial is what the boxes do, not how much two cores carry at once.
    for (const { name } of VANTAGE_POINTS) looks.push(await look(name, addresses));
    for (const truth of truths) {
      const { network, address } = truth;
      if (network.startsWith(`${TIMESTAMPS_GONE} `) && address.includes(":")) {
        console.log(`${network} ${address} is left to the simulator: its hops are told apart by time alone`);
        continue;
      }
      expect([network, address, judged(address, looks)]).toEqual([network, address, truly(truth)]);
    }
  }, 240_000);

  async function look(vantage: string, addresses: readonly string[]): Promise<Look> {
    const agent = (...line: string[]) =>
      lab.exec(`${vantage}-80`, [process.execPath, AGENT, ...line, "--config", file("agent.yaml"), ...addresses]);
    const replies = file(`${vantage}.json`);
    await agent("scan", "-q", "-o", replies, "--window", "500", "--retries", "3", "-r", "2000");
    const hops = await agent(
      "trace",
      "--json",
      "--variant",
      "v0,v1,plain",
      "--max-ttl",
      "12",
      "--window",
      "400",
      "--retries",
      "4",
    );
    const replyLines = linesOf<ReplyLine>(readFileSync(replies, "utf8"));
    const hopLines = linesOf<HopLine>(hops);
    return {
      vantage,
      answers: (address) => {
        const own = replyLines.filter(({ saddr }) => saddr === address);
        const verdict = (variant: Variant) => own.find((line) => line.variant === variant)?.verdict ?? "no-reply";
        return Object.fromEntries(VARIANTS.map((variant) => [variant, verdict(variant)])) as Record<
          Variant,
          SynVerdict
        >;
      },
      traces: (address) =>
        (["v0", "v1", "plain"] as const).map((variant) => ({
          variant,
          hops: hopLines
            .filter((line) => line.target === address && line.variant === variant)
            .sort((a, b) => a.ttl - b.ttl),
        })),
    };
  }
});

function linesOf<T>(text: string): T[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
