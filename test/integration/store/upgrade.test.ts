import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import { readComparison, readExplanations } from "../../../coordinator/compare/read.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

const MIGRATIONS = readMigrations("coordinator/store/sql");

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
}, 60_000);
afterAll(() => test.stop());

async function all(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = [];
  for await (const row of test.store.rows(sql)) rows.push(row);
  return rows;
}

const fact = (campaign: string, row: number, more: object) => ({
  ...{ campaign, vantage: "fra", agent: "fra-1", batch: "00000000-0000-8000-8000-000000000001", row },
  ...{ target: "::ffff:198.18.0.1", port: 80, variant: "v1", received_at: "2026-01-01 00:00:00.000000" },
  ...more,
});

describe("a database that the first version made", () => {
  beforeAll(async () => {
    await migrate(test.store, MIGRATIONS.slice(0, 1));
    expect(MIGRATIONS[0]?.name).toBe("001_facts.sql");
    await test.store.insertRows("syn_replies", [
      fact("old", 0, { verdict: "claims-v1" }),
      fact("old", 1, { variant: "plain", verdict: "plain" }),
    ]);
    await test.store.insertRows("trace_hops", [
      fact("old", 0, { ttl: 2, kind: "time-exceeded", responder: "::ffff:192.0.2.1", mptcp: "unmodified" }),
    ]);
    // Rollups are of the third; what was counted of them later is made of what is there.
    await migrate(test.store, MIGRATIONS.slice(0, 3));
    await test.store.insertRows("target_views", [
      { campaign: "older", port: 80, target: "::ffff:198.18.0.1", vantage: "fra", verdict: "plain", computed_at: 1 },
      { campaign: "older", port: 80, target: "::ffff:198.18.0.2", vantage: "fra", verdict: "plain", computed_at: 1 },
    ]);
    await migrate(test.store, MIGRATIONS);
  });

  it("keeps its rows, which know nothing of what came later", async () => {
    expect(await all("SELECT variant, verdict FROM syn_replies ORDER BY row")).toEqual([
      { variant: "v1", verdict: "claims-v1" },
      { variant: "plain", verdict: "plain" },
    ]);
    expect(
      await all("SELECT ttl, first_difference_bit, icmp_extensions, toString(sent_from) AS sent_from FROM trace_hops"),
    ).toEqual([{ ttl: 2, first_difference_bit: null, icmp_extensions: [], sent_from: "::" }]);
  });

  it("has the tables of this version, column for column", async () => {
    const columns = `SELECT database, table, name, type, compression_codec, comment FROM system.columns
      WHERE database = {database:String} ORDER BY table, name`;
    const of = async (database: string) => {
      const rows = [];
      for await (const { database: _, ...row } of test.store.rows(columns, { database })) rows.push(row);
      return rows;
    };
    const fresh = await startTestWarehouse();
    try {
      await migrate(fresh.store, MIGRATIONS);
      const rows = [];
      for await (const { database: _, ...row } of fresh.store.rows(columns, { database: "parallax" })) rows.push(row);
      expect(await of("parallax")).toEqual(rows);
    } finally {
      await fresh.stop();
    }
  });

  it("compares and explains what was measured before", async () => {
    await buildViews(test.store, { campaign: "old", everywhere: [], variants: VARIANTS });
    await buildJudgements(test.store, "old");
    const { classes } = await readComparison(test.store, { campaign: "old" });
    expect(classes).toMatchObject([{ hostVerdict: "mptcp", targets: 1 }]);
    const [explained] = await readExplanations(test.store, "old", "198.18.0.1");
    expect(explained?.evidence[0]?.traces[0]?.hops).toHaveLength(1);
  });

  it("shows the comparisons that were made before", async () => {
    const { verdicts } = await readComparison(test.store, { campaign: "older" });
    expect(verdicts).toEqual([{ vantage: "fra", port: 80, verdict: "plain", targets: 2 }]);
  });
});
