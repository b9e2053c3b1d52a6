import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { SelfTestConfig } from "../../../agent/config/self-test.js";
import { createSession, type Session } from "../../../agent/session/session.js";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import type { Comparison, Explanation } from "../../../coordinator/compare/document.js";
import { parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import type { AgentStats } from "../../../shared/lease/work.js";
import type { SelfTest } from "../../../shared/selftest/self-test.js";
import { selfTest } from "../../coordinator/session/fake.js";
import { startSimAgent } from "../canary/sim-agent.js";
import { createSwitchedWorld } from "../canary/switched-world.js";
import { enrolled } from "../support/enrolled.js";
import { startSystem, type TestSystem } from "../support/system.js";

jest.setTimeout(120_000);

const CAMPAIGN = `
series: selftest
targets: { ipv4: [198.18.0.0/24] }
ports: [80]
placement: { mode: replicate }
stages: { synscan: { retries: 0, replyWindowMs: 200 } }
`;
const PROBLEM = "no right to open a raw socket on eth0 (EPERM); give the program CAP_NET_RAW";

let system: TestSystem;
let canOpen = false;
let agent: { stop(): Promise<void> };
let id = "";

beforeAll(async () => {
  system = await startSystem();
  const identity = await enrolled(system.parallax, "fra-1", "fra");
  const { agents = "", broker = "" } = system.ports();
  const config: SelfTestConfig = {
    exitTarget: parseAddress("198.18.0.9"),
    reference: { agent: "ams-1", addresses: null },
    reachableAt: null,
  };
  agent = startSimAgent({
    ...{ name: "fra-1", vantage: "fra", folder: system.folder, agents, broker: `tls://${broker}`, identity },
    selfTest: config,
    world: createSwitchedWorld([]).world,
    async beforeOpening() {
      if (canOpen) return;
      const [message = "", remedy = ""] = PROBLEM.split("; ");
      throw new UserError(message, { remedy });
    },
  });
}, 60_000);
afterAll(async () => {
  await agent.stop();
  await system.stop();
});

const report = async (): Promise<AgentReport | undefined> => (await system.json<AgentReport[]>("agents"))[0];
const campaign = () => system.api<CampaignProgress>(`/v1/campaigns/${id}`);

describe("an agent whose self-test fails", () => {
  it("is listed with what is wrong and what to do about it, and gets no work", async () => {
    const failed = await system.until(report, (one) => one?.stats?.lastError !== undefined && one.selfTest !== null);
    expect(failed).toMatchObject({
      ...{ state: "connected", ipv4: false, stats: { lastError: `self-test: ${PROBLEM}` } },
      selfTest: { problem: PROBLEM, driver: "" },
    });
    expect(await system.parallax("agents")).toMatch(/fra-1 .* connected, unfit, trouble .* none .*CAP_NET_RAW/);
    ({ id } = await system.api<CampaignProgress>("/v1/campaigns", { text: CAMPAIGN }));
    const started = await system.run("campaign", "start", id);
    expect(started.stderr).not.toContain("INTERNAL");
    const { marks } = await campaign();
    expect(marks.sent).toBe(0);
  });

  it("tests itself again, and works when it is fit", async () => {
    canOpen = true;
    const fit = await system.until(report, (one) => one?.selfTest?.problem === "");
    expect(fit).toMatchObject({ ipv4: true, stats: { lastError: "" } });
    const found = fit?.selfTest;
    expect(found).toMatchObject({
      ...{ driver: "sim", driverReason: "a test", exitTarget: "198.18.0.9", exitHops: ["192.0.2.1"] },
      fidelity: { state: "unknown", reference: "ams-1", reason: "agent ams-1 is not connected", changes: [] },
    });
    // One machine has one clock.
    expect(Math.abs(found?.clock?.offsetUs ?? Number.NaN)).toBeLessThan((found?.clock?.roundTripUs ?? 0) / 2 + 2_000);
    await system.run("campaign", "start", id);
    const { state } = await system.until(campaign, (progress) => progress.state !== "running");
    expect(state).toBe("finished");
  });

  it("has each finding in the table once, the failure too", async () => {
    const rows = await system.until(
      () => system.query("SELECT * FROM vantages FINAL ORDER BY tested_at"),
      (found) => found.length >= 2,
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ vantage: "fra", agent: "fra-1", problem: PROBLEM, driver: "", exit_target: null });
    expect(rows[1]).toMatchObject({
      ...{ problem: "", driver: "sim", exit_target: "::ffff:198.18.0.9", exit_hops: ["::ffff:192.0.2.1"] },
      ...{ reference: "ams-1", fidelity: "unknown", changes: [], sent: [], received: [] },
    });
    const undocumented = "SELECT name FROM system.columns WHERE table = 'vantages' AND comment = ''";
    expect(await system.query(undocumented)).toEqual([]);
  });
});

describe("a doorstep that changes options", () => {
  let told: Session;
  afterAll(() => told.close(500));

  it("is a note in what compare and explain say of campaigns that ended after it was found", async () => {
    const { finishedAtMs } = await campaign();
    told = await reportAs("fra-2", [
      changed((finishedAtMs ?? 0) - 1, ["ip.source.changed", "tcp.option.mptcp.nop"]),
      changed((finishedAtMs ?? 0) + 1, ["tcp.option.sackok.removed"]),
    ]);
    const rows = await system.until(
      () => system.query("SELECT sent, received, changes FROM vantages FINAL WHERE agent = 'fra-2' ORDER BY tested_at"),
      (found) => found.length === 2,
    );
    expect(rows[0]).toEqual({
      ...{ sent: ["4500ff", "4501"], received: ["450080", ""] },
      changes: ["ip.source.changed", "tcp.option.mptcp.nop"],
    });

    const { doorsteps } = await system.api<Comparison>(`/v1/campaigns/${id}/compare`);
    expect(doorsteps).toEqual([
      {
        ...{ vantage: "fra", agent: "fra-2", reference: "ams-1", changes: ["tcp.option.mptcp.nop"] },
        testedAtMs: (finishedAtMs ?? 0) - 1,
      },
    ]);
    const [explained] = await system.api<Explanation[]>(`/v1/campaigns/${id}/explain/198.18.0.1`);
    expect(explained?.doorsteps).toEqual(doorsteps);
    expect(await system.parallax("explain", "198.18.0.1")).toContain(
      "note, on its own doorstep: SYNs of fra-2 reached ams-1 changed: the MPTCP option is overwritten with NOPs",
    );
  });
});

function changed(testedMs: number, changes: readonly string[]): SelfTest {
  const syns = [
    { sent: Uint8Array.of(0x45, 0, 0xff), received: Uint8Array.of(0x45, 0, 0x80) },
    { sent: Uint8Array.of(0x45, 1), received: null },
  ];
  return {
    ...selfTest({ testedMs }),
    fidelity: { state: "changed", reference: "ams-1", changes, reason: "", syns },
  };
}

/** A session of another agent at the same vantage point, which says nothing but what it found. */
async function reportAs(name: string, reports: readonly SelfTest[]): Promise<Session> {
  const identity = await enrolled(system.parallax, name, "fra");
  let welcome: () => void = () => undefined;
  const welcomed = new Promise<void>((resolve) => {
    welcome = resolve;
  });
  const nothing = () => undefined;
  const session = createSession({
    address: system.ports().agents ?? "",
    identity: () => identity,
    ...{ nowMs: () => performance.now(), wallMs: Date.now, random: Math.random },
    hello: {
      ...{ agent: name, vantage: "fra", labels: {}, version: "0.1.0", instance: "i1", spool: "s1", opened: [] },
      ...{ ipv4: true, ipv6: false, maxPps: 1_000, yields: true, selfTests: true, referenceAddresses: [] },
    },
    handlers: {
      ...{ welcome, plan: nothing, grant: nothing, revoke: nothing, yield: nothing, pause: nothing, optOuts: nothing },
      ...{ heldOptOuts: () => "", acknowledged: nothing, disconnected: nothing, problem: nothing },
      heartbeat: () => ({ leases: [], optOuts: 0, stats: NO_STATS }),
    },
  });
  await welcomed;
  for (const one of reports) session.selfTest(one);
  return session;
}

const NO_STATS: AgentStats = {
  ...{ packetsSent: 0, replies: 0, kernelDrops: 0, sendErrors: 0, packetsPerSecond: 0, spoolBytes: 0, lastError: "" },
};
