import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { startSystem, type TestSystem } from "../support/system.js";

const AGENTS = ["fra-1", "sin-1"] as const;
const TARGETS = 32_768;
const PACKETS_PER_SECOND = 1_500;
const SERVES_AGAIN_WITHIN_MS = 10_000;

/** One packet for each index: whatever is sent twice shows. */
const CAMPAIGN = `
series: restart
targets: { ipv4: [198.18.0.0/17] }
ports: [80]
stages: { synscan: { mptcp: [v1], control: false, retries: 0, replyWindowMs: 500 } }
rate: { perAgentPps: ${PACKETS_PER_SECOND} }
`;

describe("a coordinator that is killed in the middle of a campaign", () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem();
    for (const name of AGENTS) await system.startAgent(name, name.slice(0, 3));
    await connected();
  }, 60_000);
  afterAll(() => system?.stop());

  const connected = () =>
    system.until(
      () => system.api<AgentReport[]>("/v1/agents"),
      (agents) => agents.filter(({ state }) => state === "connected").length === AGENTS.length,
    );
  const progress = (id: string) => system.api<CampaignProgress>(`/v1/campaigns/${id}`);
  /** Packets of an agent from one time to another. */
  const sentBetween = (vantage: string, fromMs: number, toMs: number): number =>
    system.sent.filter((probe) => probe.vantage === vantage && probe.atMs >= fromMs && probe.atMs < toMs).length;

  it("serves again within 10 s, while its agents go on inside their leases, and no index is sent under two", async () => {
    const { id } = await system.api<CampaignProgress>("/v1/campaigns", { text: CAMPAIGN });
    await system.api(`/v1/campaigns/${id}/start`, {});
    await system.until(
      async () => system.sent.length,
      (sent) => sent > 4 * PACKETS_PER_SECOND,
    );
    const killedMs = Date.now();
    await system.killCoordinator();
    await system.startCoordinator();
    expect((await progress(id)).state).toBe("running");
    const upMs = Date.now();
    expect(upMs - killedMs).toBeLessThan(SERVES_AGAIN_WITHIN_MS);
    await connected();
    const backMs = Date.now();
    const meanwhile = AGENTS.map((name) => sentBetween(name.slice(0, 3), killedMs, upMs));
    // Half of the rate: the machine may be busy, and a lease may have ended.
    const least = (PACKETS_PER_SECOND * (upMs - killedMs)) / 1_000 / 2;
    for (const packets of meanwhile) expect(packets).toBeGreaterThan(least);

    const { state } = await system.until(
      () => progress(id),
      ({ state }) => state !== "running",
    );
    expect(state).toBe("finished");
    expect(new Set(system.sent.map(({ address }) => address)).size).toBe(TARGETS);
    expect(system.sent).toHaveLength(TARGETS);
    const coverage = await system.query(`
      SELECT toString(kind) AS kind, toUInt32(sum(to - from)) AS n, uniqExact(epoch) AS epochs
      FROM coverage FINAL WHERE campaign = '${id}' GROUP BY kind`);
    expect(coverage).toMatchObject([{ kind: "asked", n: TARGETS }]);
    process.stderr.write(
      `coordinator killed: serves again after ${seconds(upMs - killedMs)}, its agents are back after ` +
        `${seconds(backMs - killedMs)} and sent ${meanwhile.join(" and ")} packets before; ${TARGETS} indices under ${coverage[0]?.epochs} epochs, each sent once\n`,
    );
  }, 120_000);
});

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
