import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { clusterLayout, SINGLE_NODE } from "../../../coordinator/store/layout.js";
import { readMigrations, renderMigrations } from "../../../coordinator/store/migrate.js";
import { roleNames, roleStatements } from "../../../coordinator/store/roles.js";
import { FACT_TABLES } from "../../../shared/batch/tables.js";
import type { AsRole } from "../../cluster/as-role.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

const DATABASE = "parallax";
const LAYOUTS = [
  ["one server", SINGLE_NODE],
  ["a cluster", clusterLayout("lab", DATABASE)],
] as const;
const { ingest, reader, admin } = roleNames(DATABASE);
const SCHEMA = renderMigrations(readMigrations("coordinator/store/sql"), SINGLE_NODE).flatMap(
  ({ statements }) => statements,
);
const BATCH_TABLES = [...Object.keys(FACT_TABLES), "ledger"];

/** `GRANT … ON …` of each role, as it stands in front of TO. */
function rightsOf(layout: (typeof LAYOUTS)[number][1]): Record<string, string[]> {
  const rights: Record<string, string[]> = {};
  for (const sql of roleStatements(DATABASE, layout)) {
    const [, granted, role = ""] = /^(GRANT .*?) TO (\w+)/.exec(sql) ?? [];
    if (granted !== undefined) rights[role] = [...(rights[role] ?? []), granted];
  }
  return rights;
}

/** Tables on which a role has INSERT. */
function insertable(layout: (typeof LAYOUTS)[number][1], role: string): string[] {
  const text = rightsOf(layout)[role]?.join(", ") ?? "";
  return [...text.matchAll(/\bINSERT ON (\S+?)(?=,|$)/g)].map(([, table = ""]) => table).sort();
}

describe.each(LAYOUTS)("the roles of %s", (_, layout) => {
  let warehouse: TestWarehouse;
  beforeAll(async () => {
    warehouse = await startTestWarehouse();
  }, 60_000);
  afterAll(() => warehouse.stop());

  it("are made by statements that the engine can parse, with settings that it knows", async () => {
    const statements = roleStatements(DATABASE, layout);
    for (const sql of statements) {
      await warehouse.store.command(`EXPLAIN AST ${sql}`).catch((error: unknown) => {
        throw new Error(`${sql}\n${error}`);
      });
    }
    const settings = statements.flatMap((sql) =>
      [...sql.matchAll(/(?:SETTINGS|,) (\w+) = /g)].map(([, name = ""]) => name),
    );
    expect(settings.length).toBeGreaterThan(5);
    const known = new Set<unknown>();
    for await (const row of warehouse.store.rows("SELECT name FROM system.settings")) known.add(row.name);
    expect(settings.filter((name) => !known.has(name))).toEqual([]);
  });

  it("let ingest insert into the tables of batches, and nobody else into any", () => {
    const local = layout.kind === "single" ? [] : BATCH_TABLES.map((table) => `${DATABASE}.${table}_local`);
    expect(insertable(layout, ingest)).toEqual(
      [...BATCH_TABLES.map((table) => `${DATABASE}.${table}`), ...local].sort(),
    );
    expect(insertable(layout, reader)).toEqual([]);
  });
});

describe("what ingest writes", () => {
  it("is blocks of batches alone", () => {
    const folder = "coordinator/ingest";
    const code = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const writing = code.flatMap((text) => text.match(/\b(insert\w+|removeRows|createRowWriter|command)\(/g) ?? []);
    expect(new Set(writing)).toEqual(new Set(["insertBlock(", "command("]));
    // Of commands there is the look whether the tables are there.
    expect(code.join().match(/command\([^)]*\)/g)).toEqual(['command("SELECT 1 FROM ledger LIMIT 0")']);
  });
});

describe("a role in the engine", () => {
  const folder = mkdtempSync(join(tmpdir(), "parallax-roles-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const constants = "campaign, vantage, agent, batch";
  const insert = (table: string) => `INSERT INTO ${table} (${constants}) SELECT 'c', 'v', 'a', generateUUIDv4()`;
  const allowed: [string, string][] = [
    ...BATCH_TABLES.map((table): [string, string] => [ingest, insert(table)]),
    ...BATCH_TABLES.map((table): [string, string] => [
      ingest,
      `SELECT count() FROM (SELECT 1 FROM ${table} WHERE campaign = 'c' AND batch = generateUUIDv4() LIMIT 1)`,
    ]),
    [ingest, "SELECT count() FROM campaigns WHERE id = 'c'"],
    [ingest, "SELECT 1 FROM ledger LIMIT 0"],
    ...[...BATCH_TABLES, "coverage", "hosts", "middleboxes", "schema_migrations"].map((table): [string, string] => [
      reader,
      `SELECT * FROM ${table}`,
    ]),
    [reader, "SHOW TABLES"],
    [admin, "DELETE FROM target_views WHERE campaign = 'c'"],
    [admin, "ALTER TABLE coverage MODIFY COMMENT 'x'"],
    [admin, "CREATE TABLE later (a UInt8) ENGINE = MergeTree ORDER BY a"],
    [admin, "DROP TABLE later"],
  ];
  const refused: [string, string][] = [
    [ingest, "SELECT * FROM syn_replies"],
    [ingest, "SELECT record FROM campaigns"],
    [ingest, "INSERT INTO campaigns (id) SELECT 'x'"],
    [ingest, "INSERT INTO coverage (campaign) SELECT 'x'"],
    [ingest, "INSERT INTO target_views (campaign) SELECT 'x'"],
    [ingest, "DELETE FROM syn_replies WHERE campaign = 'c'"],
    [ingest, "ALTER TABLE syn_replies DROP COLUMN quote"],
    [ingest, "DROP TABLE syn_replies"],
    ...BATCH_TABLES.map((table): [string, string] => [reader, insert(table)]),
    [reader, "INSERT INTO campaigns (id) SELECT 'x'"],
    [reader, "ALTER TABLE syn_replies DELETE WHERE 1"],
    [reader, "TRUNCATE TABLE syn_replies"],
    [reader, "CREATE TABLE mine (a UInt8) ENGINE = MergeTree ORDER BY a"],
    [reader, "CREATE TEMPORARY TABLE mine (a UInt8)"],
    [reader, "SYSTEM STOP MERGES syn_replies"],
    [reader, "SELECT * FROM file('/etc/hostname', LineAsString)"],
    [reader, "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)"],
    [reader, "INSERT INTO FUNCTION file('/tmp/parallax-role', 'TSV', 'a String') SELECT 'x'"],
    [reader, "SELECT * FROM remote('127.0.0.1:1', system.one)"],
    [admin, "DROP DATABASE system"],
    [admin, "SELECT * FROM file('/etc/hostname', LineAsString)"],
  ];
  let outcomes: (string | null)[];
  beforeAll(async () => {
    const made = SCHEMA.map((sql): [null, string] => [null, sql]);
    const order: AsRole = {
      ...{ folder, database: DATABASE, rights: rightsOf(SINGLE_NODE) },
      statements: [...made, ...allowed, ...refused],
    };
    outcomes = await new Promise((resolve, reject) => {
      const child = fork(join(process.cwd(), "dist/test/cluster/as-role.js"), {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      child.once("message", (answer) => resolve(answer as (string | null)[]));
      child.once("exit", (code) => reject(new Error(`the engine ended: ${code}`)));
      child.send(order);
    });
    expect(outcomes.splice(0, made.length).filter((outcome) => outcome !== null)).toEqual([]);
  }, 120_000);

  it.each(allowed.map(([role, sql], i) => [role, sql, i] as const))("%s may %s", (_, __, i) => {
    expect(outcomes[i]).toBeNull();
  });

  it.each(refused.map(([role, sql], i) => [role, sql, i] as const))("%s may not %s", (_, __, i) => {
    expect(outcomes[allowed.length + i]).toContain("Not enough privileges");
  });
});
