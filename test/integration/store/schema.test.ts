import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { TABLES } from "../../../coordinator/store/reference.js";
import { schemaDocument } from "../../../deploy/docs/schema.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

let warehouse: TestWarehouse;
beforeAll(async () => {
  warehouse = await startTestWarehouse();
  await migrate(warehouse.store, readMigrations("coordinator/store/sql"));
}, 60_000);
afterAll(() => warehouse.stop());

async function all(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = [];
  for await (const row of warehouse.store.rows(sql)) rows.push(row);
  return rows;
}

describe("the tables", () => {
  it("are those of docs/schema.md, each column with type, unit, source and description (npm run generate:docs)", async () => {
    expect(readFileSync("docs/schema.md", "utf8")).toBe(await schemaDocument(warehouse.store));
  });

  it("tell in DESCRIBE what every column says", async () => {
    for (const table of Object.keys(TABLES)) {
      for (const { name, comment } of await all(`DESCRIBE TABLE ${table}`)) {
        expect({ table, name, comment }).not.toMatchObject({ comment: "" });
      }
    }
  });

  it("refuse a token that they know, all of them, and so every view's target", async () => {
    const tables = await all(
      "SELECT name, engine_full FROM system.tables WHERE database = 'parallax' AND engine LIKE '%MergeTree'",
    );
    expect(tables.length).toBeGreaterThan(20);
    const without = tables.filter(
      ({ engine_full: full }) => !/non_replicated_deduplication_window = [1-9]\d*/.test(String(full)),
    );
    expect(without.map(({ name }) => name)).toEqual([]);
    const views = await all(
      "SELECT name, as_select, create_table_query AS sql FROM system.tables WHERE database = 'parallax' AND engine = 'MaterializedView'",
    );
    const names = new Set(tables.map(({ name }) => name));
    expect(views.length).toBeGreaterThan(0);
    for (const { sql } of views) expect(names).toContain(/ TO parallax\.(\w+)/.exec(String(sql))?.[1]);
  });

  it("keep rows that come again without a token, such as those of a rollup that was deleted", async () => {
    const row = { campaign: "c", port: 80, target: "::", host_verdict: "mptcp", placement: "agree", computed_at: 1 };
    for (let i = 0; i < 2; i++) {
      for (const table of ["target_classes", "class_counts"]) {
        await warehouse.store.removeRows(table, "campaign = {campaign:String}", { campaign: "c" });
      }
      await warehouse.store.insertRows("target_classes", [row]);
      await warehouse.store.command(
        "INSERT INTO class_counts (campaign, port, targets, computed_at) SELECT 'c', toUInt16(number), 1, 1 FROM numbers(3000000)",
      );
    }
    expect(await all("SELECT count() AS n FROM target_classes WHERE campaign = 'c'")).toEqual([{ n: 1 }]);
    expect(await all("SELECT count() AS n FROM class_counts FINAL WHERE campaign = 'c'")).toEqual([{ n: 65_536 }]);
  });
});
