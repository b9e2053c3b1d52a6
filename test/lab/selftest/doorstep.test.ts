import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import { createRule } from "../../../shared/middlebox/box.js";
import { enrolled } from "../../integration/support/enrolled.js";
import { type Coordinator, startCoordinator } from "../fleet/coordinator.js";
import { createDoorstepLab, type DoorstepLab, EXIT_TARGET, ROUTER_ADDRESS, type RunningAgent } from "./doorstep-lab.js";

/** Overwrites MP_CAPABLE in SYNs with NOPs, as most strippers do. */
const STRIPPER = createRule(
  [{ kind: "strip", when: { direction: "forth", segment: "syn" }, options: [30], subtypes: [0], fill: "nop" }],
  { routers: [] },
);

describe("an agent's self-test with a reference", () => {
  const folder = mkdtempSync(join(tmpdir(), "pxd-"));
  let coordinator: Coordinator;
  let lab: DoorstepLab;
  let reference: RunningAgent;
  const identities = new Map<string, AgentIdentity>();
  const started: RunningAgent[] = [];
  beforeAll(async () => {
    coordinator = await startCoordinator(join(folder, "data"));
    lab = createDoorstepLab([coordinator.ports.agents, coordinator.ports.broker]);
    for (const [name, vantage] of [
      ["fra-1", "fra"],
      ["ams-1", "ams"],
    ] as const) {
      const token = async (...words: string[]) => coordinator.ask<{ token: string }>(...words).token;
      identities.set(name, await enrolled(token, name, vantage));
    }
    reference = lab.startAgent("reference", { folder: join(folder, "ams-1"), identity: of("ams-1"), lines: [] });
    await reported("ams-1", ({ selfTest }) => selfTest !== null);
  }, 120_000);
  afterEach(async () => {
    for (const agent of started.splice(0)) await agent.stop();
  });
  afterAll(async () => {
    await reference?.stop();
    lab?.destroy();
    await coordinator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function of(name: string): AgentIdentity {
    const identity = identities.get(name);
    if (identity === undefined) throw new Error(`${name} is not enrolled`);
    return identity;
  }
  async function reported(name: string, isSo: (report: AgentReport) => boolean): Promise<AgentReport> {
    for (const until = Date.now() + 30_000; ; await sleep(200)) {
      // The box and the relays are in this process: whoever blocks it loses what the agents send.
      const found = (await coordinator.askWhileServing<AgentReport[]>("agents")).find(({ agent }) => agent === name);
      if (found !== undefined && isSo(found)) return found;
      if (Date.now() > until) throw new Error(`never: ${JSON.stringify(found)}; ${logs()}`);
    }
  }
  const logs = () => started.map(({ logFile }) => readFileSync(logFile, "utf8")).join("\n");
  const startTester = (lines: readonly string[], args: readonly string[] = []) => {
    const agent = lab.startAgent("tester", { folder: join(folder, "fra-1"), identity: of("fra-1"), lines, args });
    started.push(agent);
    return agent;
  };
  /** Of the life that has just begun. A reference that was asked for a moment ago is asked for again, some seconds later. */
  const tested = async (): Promise<NonNullable<AgentReport["selfTest"]>> => {
    const isKnown = ({ state, selfTest }: AgentReport): boolean =>
      state === "connected" && selfTest !== null && selfTest.fidelity.reason !== "asked for again too soon";
    const { selfTest } = await reported("fra-1", isKnown);
    if (selfTest === null) throw new Error("no self-test");
    return selfTest;
  };

  it("says clean where nothing stands before the vantage point, with driver, clock and exit hops", async () => {
    startTester([`exitTarget: ${EXIT_TARGET}`], ["--reference", "ams-1"]);
    const { fidelity, problem, driver, clock, exitTarget, exitHops } = await tested();
    expect({ problem, ...fidelity }).toEqual({
      problem: "",
      state: "clean",
      reference: "ams-1",
      changes: [],
      reason: "",
    });
    expect(["xdp", "packet"]).toContain(driver);
    expect({ exitTarget, exitHops }).toEqual({ exitTarget: EXIT_TARGET, exitHops: [ROUTER_ADDRESS] });
    // Both clocks are this machine's: what is left is half the way, and milliseconds that are cut off.
    expect(Math.abs(clock?.offsetUs ?? Number.NaN)).toBeLessThan((clock?.roundTripUs ?? 0) / 2 + 2_000);
  }, 60_000);

  it("says changed, with the condition's name, where a box there overwrites MP_CAPABLE", async () => {
    lab.box = STRIPPER;
    startTester(["reference: { agent: ams-1, addresses: [198.51.100.2] }"]);
    const { fidelity } = await tested();
    expect({ state: fidelity.state, changes: fidelity.changes }).toEqual({
      state: "changed",
      changes: ["tcp.option.mptcp.nop"],
    });
  }, 60_000);

  it("names the missing right where a raw socket cannot be opened, and lets nobody have work from that agent", async () => {
    const agent = lab.startAgent("tester", {
      ...{ folder: join(folder, "fra-1"), identity: of("fra-1"), lines: [] },
      by: ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"],
    });
    started.push(agent);
    const { stats, ipv4, ipv6 } = await reported(
      "fra-1",
      ({ state, selfTest, stats: last }) => state === "connected" && selfTest?.problem !== "" && last?.lastError !== "",
    );
    expect({ ipv4, ipv6 }).toEqual({ ipv4: false, ipv6: false });
    expect(stats?.lastError).toMatch(/^self-test: .*raw socket on up0.*; .*CAP_NET_RAW/);
    const warned = readFileSync(agent.logFile, "utf8")
      .split("\n")
      .filter((line) => line.includes("self-test: "));
    expect(warned).toHaveLength(1);
  }, 60_000);
});
