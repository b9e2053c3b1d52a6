import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { atShare } from "../../../deploy/bench/statistics.js";
import { startSystem, type TestSystem } from "../support/system.js";
import { type AgentEvent, type LightFleet, startLightFleet } from "./light-fleet.js";

const AGENTS = 20;
const PACKETS_PER_SECOND = 10_000;
const PAUSES = 25;
const CANCELS = 6;
/** The promise: at p99. */
const REACHES_WITHIN_MS = 2_000;

/** Nothing is sent: the agents of these tests only count. */
const CAMPAIGN = `
series: steering
targets: { ipv4: [0.0.0.0/0] }
ports: [80]
rate: { perAgentPps: ${PACKETS_PER_SECOND} }
`;

describe("pause, resume and cancel", () => {
  let system: TestSystem;
  let fleet: LightFleet;
  beforeAll(async () => {
    system = await startSystem();
    fleet = await startLightFleet(system, AGENTS, PACKETS_PER_SECOND);
    await system.until(
      () => system.api<AgentReport[]>("/v1/agents"),
      (agents) => agents.length === AGENTS,
    );
  }, 120_000);
  afterAll(async () => {
    await fleet?.stop();
    await system?.stop();
  });

  /** Agents that met such an event since then. */
  const reached = (kind: AgentEvent["kind"], sinceMs: number): AgentEvent[] =>
    fleet.events.filter((event) => event.kind === kind && event.atMs >= sinceMs);
  const allHave = async (kind: AgentEvent["kind"], sinceMs: number): Promise<void> => {
    await system.until(
      async () => new Set(reached(kind, sinceMs).map(({ agent }) => agent)).size,
      (agents) => agents === AGENTS,
    );
  };
  async function begin(): Promise<string> {
    const { id } = await system.api<CampaignProgress>("/v1/campaigns", { text: CAMPAIGN });
    const sinceMs = performance.now();
    await system.api(`/v1/campaigns/${id}/start`, {});
    await allHave("sent", sinceMs);
    return id;
  }
  /** Asks the API, and says after how many milliseconds each agent had the last it was told of it. */
  async function steer(id: string, action: string, kind: AgentEvent["kind"]): Promise<Map<number, number>> {
    const sinceMs = performance.now();
    await system.api(`/v1/campaigns/${id}/${action}`, {});
    await allHave(kind, sinceMs);
    return new Map(reached(kind, sinceMs).map(({ agent, atMs }) => [agent, atMs - sinceMs]));
  }
  /** What agents sent after each had been told. */
  const sentAfter = (told: Map<number, number>, sinceMs: number): AgentEvent[] =>
    reached("sent", sinceMs).filter(({ agent, atMs }) => atMs > sinceMs + (told.get(agent) ?? 0));

  it(`reach ${AGENTS} agents within 2 s at p99, and nothing is sent after`, async () => {
    const latencies = { pause: [] as number[], resume: [] as number[], cancel: [] as number[] };
    let id = await begin();
    for (let round = 0; round < PAUSES; round++) {
      const pausedMs = performance.now();
      const told = await steer(id, "pause", "paused");
      latencies.pause.push(...told.values());
      // A few steps of the agents' senders, in which they would go on.
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(sentAfter(told, pausedMs)).toEqual([]);
      const resumedMs = performance.now();
      latencies.resume.push(...(await steer(id, "resume", "resumed")).values());
      await allHave("sent", resumedMs);
      fleet.events.length = 0;
    }
    for (let round = 0; round < CANCELS; round++) {
      if (round > 0) id = await begin();
      const cancelledMs = performance.now();
      const told = await steer(id, "cancel", "revoked");
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const { agent, atMs } of reached("revoked", cancelledMs)) told.set(agent, atMs - cancelledMs);
      latencies.cancel.push(...told.values());
      expect(sentAfter(told, cancelledMs)).toEqual([]);
      fleet.events.length = 0;
    }
    const figures = Object.entries(latencies).map(([action, ms]) => {
      expect(ms.length).toBe(AGENTS * (action === "cancel" ? CANCELS : PAUSES));
      expect(atShare(ms, 0.99)).toBeLessThan(REACHES_WITHIN_MS);
      return `${action} ${atShare(ms, 0.5).toFixed(0)} / ${atShare(ms, 0.99).toFixed(0)} ms of ${ms.length}`;
    });
    process.stderr.write(`from the request to ${AGENTS} agents, median / p99: ${figures.join(", ")}\n`);
  }, 180_000);
});
