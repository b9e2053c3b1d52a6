import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import { readComparison, readExplanations } from "../../../coordinator/compare/read.js";
import { clusterLayout, type Layout, SINGLE_NODE } from "../../../coordinator/store/layout.js";
import { createDatabase, migrate, readMigrations, renderMigrations } from "../../../coordinator/store/migrate.js";
import { parseAddress } from "../../../shared/address/address.js";
import { prependConstants } from "../../../shared/batch/constants.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import { CLUSTER, WITH_KEEPER } from "../../cluster/one-node.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

const MIGRATIONS = readMigrations("coordinator/store/sql");
const LAYOUT = clusterLayout(CLUSTER, "parallax");
const statementsFor = (layout: Layout) => renderMigrations(MIGRATIONS, layout).flatMap(({ statements }) => statements);

const fact = (row: number, host: number, more: object) => ({
  ...{ campaign: "c", vantage: "fra", agent: "fra-1", batch: "00000000-0000-8000-8000-000000000001", row },
  ...{ target: `::ffff:198.18.0.${host}`, port: 80, variant: "v1", received_at: "2026-01-01 00:00:00.000000" },
  ...more,
});
/** Two hosts: one that claims and is traced, one that answers plainly here and was asked from elsewhere in vain. */
const FACTS = {
  syn_replies: [
    fact(0, 1, { verdict: "claims-v1" }),
    fact(1, 1, { variant: "plain", verdict: "plain" }),
    fact(2, 2, { verdict: "plain" }),
    fact(3, 2, { variant: "plain", verdict: "plain" }),
  ],
  trace_hops: [
    fact(0, 1, { ttl: 2, kind: "time-exceeded", responder: "::ffff:192.0.2.1", mptcp: "unmodified" }),
    fact(1, 1, { ttl: 3, kind: "synack", responder: "::ffff:198.18.0.1", mptcp: "unmodified", verdict: "claims-v1" }),
  ],
  target_lists: [
    { campaign: "c", source: "recheck/v4/80/ams", index: 0, target: "::ffff:198.18.0.2", port: 80 },
    { campaign: "c", source: "recheck/v4/80/ams", index: 1, target: "::ffff:198.18.0.1", port: 80 },
  ],
};

let node: TestWarehouse;
beforeAll(async () => {
  node = await startTestWarehouse({ program: join(process.cwd(), "dist/test/cluster/warehouse.js"), layout: LAYOUT });
}, 60_000);
afterAll(() => node.stop());

async function all(sql: string, parameters = {}): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = [];
  for await (const row of node.store.rows(sql, parameters)) rows.push(row);
  return rows;
}

describe("every statement of the migrations", () => {
  it.each([
    ["one server", SINGLE_NODE],
    ["a cluster", LAYOUT],
  ])("for %s is one that the engine can parse", async (_, layout) => {
    for (const sql of [createDatabase("parallax", layout), ...statementsFor(layout)]) {
      const [first] = await all(`EXPLAIN AST ${sql}`).catch((error: unknown) => {
        throw new Error(`${sql}\n${error}`);
      });
      expect(first?.explain).toMatch(/Query|Alter/);
    }
  });

  it("for a cluster goes to all of its nodes, where it makes or changes something", async () => {
    for (const sql of [createDatabase("parallax", LAYOUT), ...statementsFor(LAYOUT)]) {
      const [row] = await all("SELECT formatQuery({sql:String}) AS text", { sql });
      if (!sql.startsWith("INSERT")) expect(row?.text).toContain(`ON CLUSTER ${CLUSTER}`);
    }
  });
});

describe("a replicated table of the cluster", () => {
  it("is one that the engine makes, with a path of its own and a week of tokens", async () => {
    await node.store.command(createDatabase(WITH_KEEPER, SINGLE_NODE));
    const made = statementsFor(clusterLayout(CLUSTER, WITH_KEEPER)).filter((sql) => sql.startsWith("CREATE TABLE"));
    for (const sql of made) await node.store.command(sql);
    const tables = await all(
      `SELECT name, engine, engine_full FROM system.tables WHERE database = '${WITH_KEEPER}' AND engine != 'Distributed'`,
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const { engine, engine_full: full } of tables) {
      expect(engine).toBe("ReplicatedReplacingMergeTree");
      expect(full).toMatch(/replicated_deduplication_window = 10000\b/);
      expect(full).toMatch(/replicated_deduplication_window_seconds = 604800\b/);
    }
    const paths = tables.map(({ engine_full: full }) => /\('([^']+)'/.exec(String(full))?.[1]);
    expect(new Set(paths).size).toBe(tables.length);
  });
});

describe("the one node of a cluster", () => {
  beforeAll(async () => {
    await migrate(node.store, MIGRATIONS);
  }, 120_000);

  const reply = (campaign: string, batch: string, variant: "v1" | "plain") => {
    const encoder = createBatchEncoder("syn_replies");
    encoder.append({
      ...{ table: "syn_replies", source: "synscan/v4/80", index: 1, port: 80, variant },
      ...{ target: parseAddress("198.18.0.1"), responder: parseAddress("198.18.0.1"), receivedAtUs: 1, rttUs: 1 },
      ...{ verdict: variant === "v1" ? "claims-v1" : "plain", ttl: 60, tcpFlags: 0x12, window: 1, receiverKey: 1n },
      ...{ options: new Uint8Array(), icmpType: 0, icmpCode: 0, quote: new Uint8Array() },
    });
    return prependConstants(encoder.finish(), { campaign, vantage: "fra", agent: "fra-80", batch });
  };
  const ids = ["00000000-0000-8000-8000-000000000001", "00000000-0000-8000-8000-000000000002"] as const;

  it("has every migration, and has nothing to do a second time", async () => {
    expect(await migrate(node.store, MIGRATIONS)).toEqual([]);
    expect(await all("SELECT count() AS n FROM schema_migrations FINAL")).toEqual([{ n: MIGRATIONS.length }]);
  });

  it("has behind each Distributed table the same columns in the table of the node", async () => {
    const columns = `SELECT name, type, comment FROM system.columns
      WHERE database = 'parallax' AND table = {table:String} ORDER BY position`;
    const distributed = await all(
      "SELECT name, engine_full FROM system.tables WHERE database = 'parallax' AND engine = 'Distributed'",
    );
    expect(distributed.length).toBeGreaterThan(10);
    for (const { name, engine_full: full } of distributed) {
      expect(full).toContain("sipHash64(campaign)");
      expect(await all(columns, { table: name })).toEqual(await all(columns, { table: `${name}_local` }));
    }
  });

  it("counts a batch that comes twice with one token once, before any merge", async () => {
    for (let i = 0; i < 2; i++) await node.store.insertBlock("syn_replies", reply("twice", ids[0], "v1"), ids[0]);
    expect(await all("SELECT count() AS n FROM syn_replies WHERE campaign = 'twice'")).toEqual([{ n: 1 }]);
    expect(await all("SELECT count() AS n FROM syn_replies_local WHERE campaign = 'twice'")).toEqual([{ n: 1 }]);
  });

  it("makes the rollups that one server makes, and makes them again", async () => {
    const single = await startTestWarehouse();
    try {
      await migrate(single.store, MIGRATIONS);
      const outcomes = [];
      for (const { store } of [single, node, node]) {
        await store.insertRows("syn_replies", FACTS.syn_replies);
        await store.insertRows("trace_hops", FACTS.trace_hops);
        await store.insertRows("target_lists", FACTS.target_lists);
        await buildViews(store, { campaign: "c", everywhere: ["fra", "ams"], variants: VARIANTS });
        await buildJudgements(store, "c");
        const comparison = await readComparison(store, { campaign: "c" });
        outcomes.push({ comparison, explained: await readExplanations(store, "c", "198.18.0.1") });
      }
      const [expected, first, again] = outcomes;
      expect(expected?.comparison.classes.length).toBeGreaterThan(1);
      expect(expected?.explained[0]?.evidence.flatMap(({ traces }) => traces)).toHaveLength(1);
      expect(first).toEqual(expected);
      expect(again).toEqual(expected);
    } finally {
      await single.stop();
    }
  });

  it("takes what was left out as coverage, where the campaign is", async () => {
    const encoder = createBatchEncoder("target_skips");
    encoder.append({
      ...{ table: "target_skips", source: "synscan/v4/80", index: 7, port: 80, reason: "opt-out" },
      target: parseAddress("198.18.0.7"),
    });
    const block = prependConstants(encoder.finish(), { campaign: "skips", vantage: "fra", agent: "f", batch: ids[0] });
    for (let i = 0; i < 2; i++) await node.store.insertBlock("target_skips", block, ids[0]);
    expect(await all("SELECT kind, `from`, `to`, reason FROM coverage WHERE campaign = 'skips'")).toEqual([
      { kind: "skipped", from: 7, to: 8, reason: "opt-out" },
    ]);
  });
});
