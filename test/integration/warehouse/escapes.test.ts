import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

/** What a file outside of the warehouse says; no answer may. */
const SECRET = "not for readers 5f0c1d";
const folder = mkdtempSync(join(tmpdir(), "parallax-escapes-"));
const secret = join(folder, "secret");
/** A file that no query may make. */
const made = join(folder, "made");

let test: TestWarehouse;
beforeAll(async () => {
  writeFileSync(secret, `${SECRET}\n`);
  test = await startTestWarehouse();
  await test.store.command("CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a");
  await test.store.command("CREATE VIEW v AS SELECT * FROM t");
  await test.store.insertRows("t", [{ a: 1, b: "one" }]);
  before = await contents();
}, 60_000);
afterAll(async () => {
  await test.stop();
  rmSync(folder, { recursive: true, force: true });
});

let before: unknown;
/** All that a query could have changed. */
async function contents() {
  const rows = [];
  for (const sql of [
    "SELECT * FROM t",
    "SELECT database, name, uuid FROM system.tables WHERE database = 'parallax' ORDER BY name",
    "SELECT name FROM system.databases ORDER BY name",
    "SELECT name FROM system.functions WHERE origin != 'System' ORDER BY name",
    "SELECT name FROM system.dictionaries",
    "SELECT name FROM system.named_collections",
  ]) {
    for await (const row of test.store.rows(sql)) rows.push(row);
  }
  return { rows, files: readdirSync(folder) };
}

interface Attempt {
  readonly sql?: string;
  /** Of the address. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

async function attempt({ sql = "", query = {}, headers = {}, body }: Attempt): Promise<Response> {
  const address = `${test.warehouse.url}/?${new URLSearchParams(query)}`;
  const content = body ?? sql;
  return fetch(address, {
    method: "POST",
    headers: { "X-ClickHouse-Key": TOKENS.reader, ...headers },
    body: typeof content === "string" ? content : new Uint8Array(content),
  });
}

const STATEMENTS = [
  "INSERT INTO t SELECT 2, 'two'",
  "INSERT INTO t VALUES (2, 'two')",
  "INSERT INTO t SETTINGS async_insert = 1 VALUES (2, 'two')",
  `INSERT INTO t FROM INFILE '${secret}' FORMAT TSV`,
  `INSERT INTO t FROM INFILE '${secret}' SELECT 2, line FROM input('line String') FORMAT TSV`,
  `INSERT INTO FUNCTION file('${made}', 'TSV', 'a UInt8') SELECT 1`,
  "WITH x AS (SELECT 2 AS a, 'two' AS b) INSERT INTO t SELECT * FROM x",
  "FROM t INSERT INTO t SELECT *",
  "EXPLAIN PIPELINE INSERT INTO t SELECT 2, 'two'",
  "EXPLAIN ESTIMATE INSERT INTO t SELECT 2, 'two'",
  "SELECT 1 PARALLEL WITH DROP TABLE t",
  "SELECT 1 PARALLEL WITH INSERT INTO t SELECT 2, 'two'",
  "CREATE TABLE mine (a UInt8) ENGINE = Memory",
  `CREATE TABLE mine (line String) ENGINE = File(TSV, '${secret}')`,
  "CREATE TEMPORARY TABLE mine (a UInt8)",
  "CREATE OR REPLACE VIEW v AS SELECT 1",
  "CREATE MATERIALIZED VIEW m ENGINE = Memory AS SELECT * FROM t",
  `CREATE DICTIONARY d (a UInt64, b String) PRIMARY KEY a SOURCE(FILE(PATH '${secret}' FORMAT TSV)) LAYOUT(FLAT()) LIFETIME(0)`,
  "CREATE DICTIONARY d (a UInt64, b String) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND 'id' FORMAT TSV)) LAYOUT(FLAT()) LIFETIME(0)",
  "CREATE FUNCTION f AS (x) -> x + 1",
  "CREATE DATABASE other",
  "CREATE USER x",
  "CREATE ROLE x",
  "CREATE NAMED COLLECTION x AS a = '1'",
  "GRANT ALL ON *.* TO default",
  "ALTER TABLE t ADD COLUMN c UInt8",
  "ALTER TABLE t DELETE WHERE 1",
  "ALTER TABLE t MODIFY SETTING max_parts_in_total = 1",
  "DELETE FROM t WHERE 1",
  "UPDATE t SET b = 'x' WHERE 1",
  "DROP TABLE t",
  "DROP VIEW v",
  "DROP DATABASE parallax",
  "TRUNCATE TABLE t",
  "RENAME TABLE t TO u",
  "EXCHANGE TABLES t AND v",
  "DETACH TABLE t",
  "ATTACH TABLE t",
  "UNDROP TABLE t",
  "OPTIMIZE TABLE t FINAL",
  `BACKUP TABLE t TO File('${made}')`,
  `RESTORE TABLE t FROM File('${made}')`,
  "SYSTEM SHUTDOWN",
  "SYSTEM KILL",
  "SYSTEM STOP MERGES",
  "SYSTEM DROP MARK CACHE",
  "KILL QUERY WHERE 1",
  "SET readonly = 0",
  "SET ROLE ALL",
  "USE system",
  "EXECUTE AS default SELECT 1",
  "BEGIN TRANSACTION",
  "selectx",
  "",
  "SELECT 1; INSERT INTO t VALUES (2, 'two')",
  "SELECT 1 FORMAT TSV\n\nINSERT INTO t VALUES (2, 'two')",
  "SELECT 1 -- \n; DROP TABLE t",
  // Files
  `SELECT 1 INTO OUTFILE '${made}'`,
  `SELECT 1 INTO OUTFILE '${made}' TRUNCATE FORMAT CSV`,
  `SELECT 1 INTO OUTFILE '${made}' AND STDOUT FORMAT CSV`,
  `SHOW TABLES INTO OUTFILE '${made}'`,
  `EXPLAIN SELECT 1 INTO OUTFILE '${made}'`,
  `SELECT file('${secret}')`,
  `SELECT arrayMap(x -> file(x), ['${secret}'])`,
  `SELECT * FROM file('${secret}', LineAsString)`,
  `SELECT * FROM fileCluster('c', '${secret}', LineAsString)`,
  `SELECT * FROM default.\`${secret}\``,
  `SELECT * FROM \`${secret}\``,
  `SELECT * FROM '${secret}'`,
  `DESCRIBE TABLE file('${secret}')`,
  `EXISTS TABLE default.\`${secret}\``,
  `SELECT * FROM filesystem('${folder}')`,
  // Other programs and machines
  "SELECT * FROM executable('id', TSV, 'a String')",
  "SELECT * FROM python('x')",
  "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
  "SELECT * FROM urlCluster('c', 'http://127.0.0.1:1/', LineAsString)",
  "SELECT * FROM s3('http://127.0.0.1:1/b/x', LineAsString)",
  "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', LineAsString)",
  "SELECT * FROM remote('127.0.0.1:1', system.one)",
  "SELECT * FROM remoteSecure('127.0.0.1:1', system.one)",
  "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
  "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
  "SELECT * FROM mongodb('127.0.0.1:1', 'd', 't', 'u', 'p', 'a UInt8')",
  "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String, v String')",
  `SELECT * FROM sqlite('${made}', 't')`,
  "SELECT * FROM jdbc('x', 't')",
  "SELECT * FROM odbc('x', 't')",
  "SELECT * FROM loop(file('/etc/hostname', LineAsString))",
  `SELECT * FROM view(SELECT file('${secret}'))`,
  // Settings within the query
  "SELECT 1 SETTINGS readonly = DEFAULT",
  "SELECT 1 SETTINGS readonly = 2",
  "SELECT 1 SETTINGS `readonly` = 0",
  "SELECT * FROM (SELECT 1 SETTINGS readonly = 0)",
  "SELECT 1 SETTINGS max_execution_time = 0",
  "SELECT 1 SETTINGS max_memory_usage = 0",
  "SELECT 1 SETTINGS allow_ddl = 1",
  "SELECT 1 SETTINGS implicit_select = 1",
  "SELECT 1 SETTINGS dialect = 'prql'",
  `SELECT 1 SETTINGS additional_result_filter = 'file(\\'${secret}\\') != \\'\\''`,
  `SELECT 1 FORMAT Template SETTINGS format_template_row = '${secret}'`,
  `SELECT 1 AS a FORMAT Protobuf SETTINGS output_format_schema = '${made}'`,
];

/** Settings in the address, with a query that would use them. */
const SETTINGS: readonly (readonly [setting: string, value: string, sql: string])[] = [
  ["readonly", "0", "SELECT 1"],
  ["readonly", "2", `SELECT * FROM file('${secret}', LineAsString)`],
  ["allow_ddl", "1", "SELECT 1"],
  ["implicit_select", "1", "1 + 1"],
  ["dialect", "prql", "from t"],
  ["max_execution_time", "0", "SELECT 1"],
  ["max_memory_usage", "0", "SELECT 1"],
  ["max_result_bytes", "0", "SELECT 1"],
  ["additional_result_filter", `file('${secret}') != ''`, "SELECT 1"],
  ["additional_table_filters", `{'t': 'file(\\'${secret}\\') != \\'\\''}`, "SELECT * FROM t"],
  ["format_template_row", secret, "SELECT 1 AS a FORMAT Template"],
  ["format_template_resultset", secret, "SELECT 1 AS a FORMAT Template"],
  ["format_schema", `${secret}:M`, "SELECT 1 AS a FORMAT Protobuf"],
  ["format_schema_source", "file", "SELECT 1 AS a FORMAT Protobuf"],
  ["output_format_schema", made, "SELECT 1 AS a FORMAT Protobuf"],
  ["output_format_schema", made, "SELECT 1 AS a FORMAT CapnProto"],
  ["format_avro_schema_registry_url", "http://127.0.0.1:1", "SELECT 1"],
];

const OTHERWISE: readonly (readonly [what: string, attempt: Attempt])[] = [
  ["rows as a body", { query: { query: "INSERT INTO t FORMAT JSONEachRow" }, body: '{"a":2,"b":"two"}' }],
  [
    "packed rows",
    {
      query: { query: "INSERT INTO t FORMAT JSONEachRow" },
      headers: { "Content-Encoding": "gzip" },
      body: gzipSync('{"a":2,"b":"two"}'),
    },
  ],
  ["a packed statement", { headers: { "Content-Encoding": "gzip" }, body: gzipSync("DROP TABLE t") }],
  ["half of it in the address", { query: { query: "SELECT 1" }, body: "; DROP TABLE t" }],
  ["a name as a parameter", { sql: "SELECT * FROM default.{t:Identifier}", query: { param_t: secret } }],
  ["a database in the address", { sql: "SELECT * FROM `secret`", query: { database: "default" } }],
  ["a database in a header", { sql: "SELECT * FROM `secret`", headers: { "X-ClickHouse-Database": "default" } }],
  ["a session", { sql: "SELECT 1", query: { session_id: "x" } }],
  ["a password in the address", { sql: "SELECT 1", query: { password: TOKENS.writer } }],
];

describe("who may only read", () => {
  const all: (readonly [string, Attempt])[] = [
    ...STATEMENTS.map((sql) => [sql === "" ? "nothing" : sql, { sql }] as const),
    ...SETTINGS.map(([name, value, sql]) => [`${name}=${value} ${sql}`, { sql, query: { [name]: value } }] as const),
    ...OTHERWISE,
  ];
  it.each(all)("is refused: %s", async (_, one) => {
    const response = await attempt(one);
    const text = await response.text();
    expect(text).not.toContain(SECRET);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(existsSync(made)).toBe(false);
  });

  it("has changed nothing by all of it", async () => {
    expect(await contents()).toEqual(before);
    expect(test.events).toEqual([]);
  });

  it("is answered when it reads", async () => {
    const response = await attempt({ sql: "SELECT b FROM v", query: { output_format_json_quote_64bit_integers: "1" } });
    expect(await response.text()).toBe("one\n");
  });
});
