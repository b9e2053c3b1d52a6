import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import type { CanaryReport } from "../../../coordinator/canary/read.js";
import { enrolled } from "../support/enrolled.js";
import { startSimAgent } from "./sim-agent.js";
import { createSwitchedWorld, type Servers } from "./switched-world.js";

jest.setTimeout(300_000);

const PROGRAM = "dist/coordinator/main.js";
const PORTS = [
  "--api-port",
  "0",
  "--warehouse-port",
  "0",
  "--agents-port",
  "0",
  "--broker-port",
  "0",
  "--enrolment-port",
  "0",
];
/** 198.19.0.1 speaks MPTCP, .2 plain TCP, .3 nothing. */
const HEALTHY: Servers = ["mptcp", "tcp", "silent"];
const CAMPAIGN = `
series: canaries
targets: { ipv4: [198.18.0.0/19] }
ports: [80]
canaries:
  - { target: 198.19.0.1, port: 80, expect: claims-v1 }
  - { target: 198.19.0.2, port: 80 }
  - { target: 198.19.0.3, port: 80, expect: no-reply }
stages: { synscan: { retries: 0, replyWindowMs: 300 } }
rate: { perAgentPps: 800, canaryIntervalMs: 1000 }
seed: 1
`;

const folder = mkdtempSync(join(tmpdir(), "parallax-canary-"));
const data = join(folder, "data");
const worlds = { fra: createSwitchedWorld(HEALTHY), sin: createSwitchedWorld(HEALTHY) };
const agents: { stop(): Promise<void> }[] = [];
const log: string[] = [];
let up: ChildProcess;
let where: { api: string; warehouse: string; agents: string; broker: string };

beforeAll(async () => {
  up = spawn(process.execPath, [PROGRAM, "up", "--json", "--data", data, ...PORTS], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  up.stderr?.setEncoding("utf8").on("data", (text: string) => log.push(text));
  where = JSON.parse(
    await new Promise<string>((resolve, reject) => {
      up.stdout?.setEncoding("utf8").once("data", resolve);
      up.once("exit", (code) => reject(new Error(`up ended with ${code}: ${log.join("")}`)));
    }),
  );
  for (const vantage of ["fra", "sin"] as const) {
    const name = `${vantage}-1`;
    const identity = await enrolled(parallax, name, vantage);
    agents.push(startSimAgent({ folder, ...where, identity, name, vantage, world: worlds[vantage].world }));
  }
}, 60_000);
afterAll(async () => {
  await Promise.allSettled(agents.map((agent) => agent.stop()));
  up.kill("SIGTERM");
  await new Promise((resolve) => up.once("exit", resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command; resolves with what it printed. */
async function parallax(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args, "--data", data]);
  return stdout;
}

const operator = () => readFileSync(join(data, "operator.token"), "utf8");

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const headers = { "X-ClickHouse-Key": operator() };
  const response = await fetch(`${where.warehouse}/?default_format=JSON`, { method: "POST", headers, body: sql });
  return ((await response.json()) as { data: Record<string, unknown>[] }).data;
}

async function api<T>(path: string, body?: object): Promise<T> {
  const headers = { Authorization: `Bearer ${operator()}`, "Content-Type": "application/json" };
  const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return (await (await fetch(`${where.api}${path}`, { headers, ...post })).json()) as T;
}

/** Asks every 100 ms until the answer is as wanted. */
async function until<T>(path: string, isSo: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await api<T>(path);
    if (isSo(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${path} still says ${JSON.stringify(answer)}`);
    await sleep(100);
  }
}

describe("a host whose answer changes in the middle of a campaign", () => {
  it("raises an alarm at the vantage point that hears it, is shown everywhere, and is cleared when it is right", async () => {
    await until<AgentReport[]>("/v1/agents", (connected) => connected.length === 2);
    const { id } = await api<CampaignProgress>("/v1/campaigns", { text: CAMPAIGN });
    await api(`/v1/campaigns/${id}/start`, {});
    const watched = parallax("campaign", "watch", id);
    const canaries = `/v1/campaigns/${id}/canaries`;
    await until<CanaryReport[]>(canaries, (reports) => reports.every(({ answer }) => answer !== null));
    expect(await api("/v1/status")).toMatchObject({ alarms: [] });

    worlds.fra.become(["tcp", "silent", "silent"]);
    const { alarms } = await until<AgentReport>("/v1/status", (status) => status.alarms.length === 2);
    expect(alarms.map(({ vantage, target, answer }) => [vantage, target, answer]).sort()).toEqual([
      ["fra", "198.19.0.1", "plain"],
      ["fra", "198.19.0.2", "v0=no-reply v1=no-reply plain=no-reply unknown-option=no-reply"],
    ]);
    // The list is written behind the alarm.
    const wrongOnes = (reports: CanaryReport[]) => reports.filter(({ wrongSinceMs }) => wrongSinceMs !== null);
    const wrong = wrongOnes(await until<CanaryReport[]>(canaries, (reports) => wrongOnes(reports).length === 2));
    expect(wrong.map(({ vantage, agent, target }) => [vantage, agent, target])).toEqual([
      ["fra", "fra-1", "198.19.0.1"],
      ["fra", "fra-1", "198.19.0.2"],
    ]);
    expect(await parallax("agents")).toMatch(
      /ALARM: canary 198\.19\.0\.1 port 80 says plain instead of claims-v1 to fra-1 \(fra\), since /,
    );

    worlds.fra.become(HEALTHY);
    await until<AgentReport>("/v1/status", (status) => status.alarms.length === 0);
    await until<CanaryReport[]>(canaries, (reports) => wrongOnes(reports).length === 0);
    expect(await parallax("canaries", id)).toMatch(/fra +fra-1 +198\.19\.0\.1 +80 +claims-v1 +claims-v1 +\S+ \S+ +-\n/);

    const shown = await watched;
    expect(shown).toMatch(/ALARM: canary 198\.19\.0\.1 .*\n/);
    expect(shown).toMatch(/alarm over: canary 198\.19\.0\.1 .*\n/);
    expect(shown).toContain(`${id} is finished`);
    const lines = log
      .join("")
      .split("\n")
      .filter((line) => line.includes('"alarm '))
      .map((line) => JSON.parse(line) as { msg: string; alarm: { target: string } });
    expect(lines.map(({ msg, alarm }) => `${msg} ${alarm.target}`).sort()).toEqual([
      "alarm cleared 198.19.0.1",
      "alarm cleared 198.19.0.2",
      "alarm raised 198.19.0.1",
      "alarm raised 198.19.0.2",
    ]);

    expect(
      await query(
        "SELECT target, toString(kind) AS kind, vantage, agent, cleared_by, since <= last AND last < cleared AS ordered FROM alarms FINAL ORDER BY target",
      ),
    ).toEqual(
      ["198.19.0.1", "198.19.0.2"].map((target) => ({
        ...{ target, kind: "canary", vantage: "fra", agent: "fra-1", cleared_by: "right again", ordered: 1 },
      })),
    );
    // Every row once; every round either committed and covered without a gap, or said to be uncertain.
    expect(
      await query(
        "SELECT count() > 0 AS some, count() = uniqExact(batch, row) AS once FROM syn_replies WHERE startsWith(source, 'canary/')",
      ),
    ).toEqual([{ some: 1, once: 1 }]);
    expect(
      await query(
        "SELECT uniqExact(agent) AS agents, sum(to - from) = max(to) AS tiles FROM coverage FINAL WHERE source = 'canary/v4/80' AND kind = 'asked'",
      ),
    ).toEqual([{ agents: 2, tiles: 1 }]);
    // The comparison knows the targets alone.
    expect(await query("SELECT count() AS n, countIf(address LIKE '198.19.%') AS canaries FROM hosts")).toEqual([
      { n: 8_192, canaries: 0 },
    ]);
  });
});
