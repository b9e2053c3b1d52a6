import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Alarm } from "../../../coordinator/alarm/alarm.js";
import type { CanaryView } from "../../../coordinator/canary/watch.js";
import { createAlarmStore } from "../../../coordinator/store/alarm-store.js";
import { createCanaryStore } from "../../../coordinator/store/canary-store.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

let warehouse: TestWarehouse;
beforeAll(async () => {
  warehouse = await startTestWarehouse();
  await migrate(warehouse.store, readMigrations("coordinator/store/sql"));
}, 60_000);
afterAll(() => warehouse.stop());

const alarm: Alarm = {
  kind: "canary",
  campaign: "c1",
  vantage: "fra",
  agent: "fra-80",
  target: "2001:db8::1",
  port: 80,
  expected: "claims-v1",
  answer: "no-reply",
  sinceMs: 1_700_000_000_123,
  lastMs: 1_700_000_060_456,
  clearedMs: null,
  clearedBy: "",
};

async function rows(sql: string): Promise<unknown[]> {
  const found = [];
  for await (const row of warehouse.store.rows(sql)) found.push(row);
  return found;
}

describe("alarms in the tables", () => {
  it("are found again while they are on, and keep their beginning and end", async () => {
    const store = createAlarmStore(warehouse.store);
    const unheard: Alarm = { ...alarm, kind: "unheard", campaign: "", target: "", port: 0, answer: "10000 packets" };
    await store.saveAlarms([alarm, unheard]);
    await store.saveAlarms([{ ...alarm, lastMs: 1_700_000_120_000 }]);
    expect(await store.openAlarms()).toEqual(
      expect.arrayContaining([{ ...alarm, lastMs: 1_700_000_120_000 }, unheard]),
    );
    await store.saveAlarms([
      { ...alarm, lastMs: 1_700_000_120_000, clearedMs: 1_700_000_180_000, clearedBy: "right again" },
    ]);

    expect(await store.openAlarms()).toEqual([unheard]);
    expect(
      await rows(`SELECT toString(since) AS since, toString(last) AS last, toString(cleared) AS cleared, cleared_by
        FROM alarms FINAL WHERE kind = 'canary'`),
    ).toEqual([
      {
        since: "2023-11-14 22:13:20.123",
        last: "2023-11-14 22:15:20.000",
        cleared: "2023-11-14 22:16:20.000",
        cleared_by: "right again",
      },
    ]);
  });
});

describe("canaries in the tables", () => {
  const view: CanaryView = {
    vantage: "fra",
    agent: "fra-80",
    target: "198.18.0.1",
    port: 80,
    expected: { v1: "claims-v1", plain: "plain" },
    answer: { view: "plain", verdicts: { v1: "plain", plain: "plain", "unknown-option": "no-reply" } },
    askedAtMs: 1_700_000_000_123,
    wrongSinceMs: 1_700_000_000_001,
  };

  it("come back as they were saved, the newest answer of each", async () => {
    const store = createCanaryStore(warehouse.store);
    const other: CanaryView = { ...view, target: "2001:db8::1", expected: "no-reply", wrongSinceMs: null };
    await store.saveCanaries("c1", [{ ...view, askedAtMs: 1, wrongSinceMs: null }, other]);
    await store.saveCanaries("c1", [view]);
    await store.saveCanaries("c2", [{ ...view, agent: "other" }]);
    await store.saveCanaries("c1", []);

    expect(await store.canaries("c1")).toEqual(expect.arrayContaining([view, other]));
    expect(await store.canaries("c1")).toHaveLength(2);
  });

  it("have their replies found by canary, source and round; of several to one variant the last", async () => {
    const row = (index: number, variant: string, verdict: string, change: object = {}) => ({
      ...{ campaign: "c1", vantage: "fra", agent: "fra-80", source: "canary/v4/80", index, variant, verdict },
      batch: `00000000-0000-8000-8000-${String(++batches).padStart(12, "0")}`,
      target: "::ffff:198.18.0.1",
      port: 80,
      received_at: `2026-01-01 00:00:${String(batches).padStart(2, "0")}.000000`,
      ...change,
    });
    let batches = 0;
    await warehouse.store.insertRows("syn_replies", [
      row(3, "v1", "plain"),
      row(3, "v1", "claims-v1"),
      row(4, "v1", "rst", { agent: "fra-81" }),
      row(5, "v1", "plain"),
      row(3, "plain", "plain", { source: "synscan/v4/80" }),
      row(3, "plain", "plain", { campaign: "c9" }),
      row(3, "plain", "plain", { target: "::ffff:198.18.0.9" }),
    ]);
    const request = {
      ...{ campaign: "c1", source: "canary/v4/80", from: 3, to: 5 },
      targets: [
        { target: "198.18.0.1", port: 80 },
        { target: "2001:db8::1", port: 80 },
      ],
    };
    const replies = await createCanaryStore(warehouse.store).canaryReplies(request);

    expect([...replies].sort((a, b) => a.index - b.index)).toEqual([
      { vantage: "fra", agent: "fra-80", index: 3, variant: "v1", verdict: "claims-v1" },
      { vantage: "fra", agent: "fra-81", index: 4, variant: "v1", verdict: "rst" },
    ]);
  });
});
