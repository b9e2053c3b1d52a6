import { describe, expect, it } from "@jest/globals";
import { healthChecks } from "../../../coordinator/cli/health-checks.js";
import type { Health } from "../../../coordinator/metrics/health.js";
import { runChecks } from "../../../shared/cli/check.js";

const NOW_MS = Date.UTC(2026, 2, 1);
const DAY_MS = 86_400_000;
const AGENT: Health["agents"][number] = {
  agent: "fra-1",
  state: "connected",
  clockOffsetUs: -4_000,
  problem: "",
  certificateEndsMs: NOW_MS + 5 * DAY_MS,
};
const WELL: Health = {
  nowMs: NOW_MS,
  broker: { lagMs: 900, waiting: 3, dead: 0, fullest: 0.1 },
  warehouse: { uptimeSeconds: 7_300, rows: 42, failedQueries: 1 },
  certificates: { authority: NOW_MS + 3_650 * DAY_MS, server: NOW_MS + 300 * DAY_MS },
  alarms: 0,
  agents: [AGENT],
};

async function findings(health: Health) {
  const found = await runChecks(
    healthChecks(async () => health, ""),
    () => undefined,
  );
  return new Map(found.map(({ name, ...finding }) => [name, finding]));
}

describe("what the doctor says of a coordinator that runs", () => {
  it("is a line for each part, all of them in order", async () => {
    const found = await findings(WELL);
    expect([...found.keys()]).toEqual([
      ...["broker", "tables", "ingest", "dead letters", "certificates", "agents", "clocks", "alarms", "metrics"],
    ]);
    for (const [name, { state, remedy }] of found)
      expect({ name, state, remedy }).toEqual({ name, state: "ok", remedy: "" });
    expect(found.get("agents")?.detail).toBe("1 connected, 0 silent, 0 gone");
    expect(found.get("tables")?.detail).toBe("42 rows, the engine is up for 2 h");
  });

  it.each<[part: string, state: "warning" | "failed", ill: Partial<Health>, says: string]>([
    ["broker", "failed", { broker: null }, "does not tell of its streams"],
    ["broker", "warning", { broker: { lagMs: 0, waiting: 0, dead: 0, fullest: 0.81 } }, "81 % full"],
    ["tables", "failed", { warehouse: null }, "does not answer"],
    [
      "ingest",
      "warning",
      { broker: { lagMs: 61_000, waiting: 9, dead: 0, fullest: 0 } },
      "9 batches wait, the oldest for 61 s",
    ],
    [
      "dead letters",
      "warning",
      { broker: { lagMs: 0, waiting: 0, dead: 2, fullest: 0 } },
      "2 batches cannot be inserted",
    ],
    [
      "certificates",
      "warning",
      { certificates: { ...WELL.certificates, server: NOW_MS + 3 * DAY_MS } },
      "of the server ends in 3 days",
    ],
    [
      "certificates",
      "warning",
      { agents: [{ ...AGENT, certificateEndsMs: NOW_MS + 1_000 }] },
      "fra-1: less than a day left",
    ],
    ["agents", "warning", { agents: [{ ...AGENT, problem: "no route" }] }, "unfit: fra-1"],
    ["agents", "warning", { agents: [{ ...AGENT, state: "silent" }] }, "1 silent"],
    ["clocks", "warning", { agents: [{ ...AGENT, clockOffsetUs: -2_000_000 }] }, "fra-1: over a second off"],
    ["alarms", "warning", { alarms: 2 }, "2 open"],
  ])("names %s as %s when %j", async (part, state, ill, says) => {
    const found = (await findings({ ...WELL, ...ill })).get(part);
    expect(found?.state).toBe(state);
    expect(found?.detail).toContain(says);
    expect(found?.remedy).not.toBe("");
  });

  it("says where metrics were to be read and are not", async () => {
    const [last] = (
      await runChecks(
        healthChecks(async () => WELL, "http://127.0.0.1:1/metrics"),
        () => undefined,
      )
    ).slice(-1);
    expect(last).toMatchObject({ name: "metrics", state: "warning", remedy: "see --metrics-address" });
  });
});
