import { existsSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

let test: TestWarehouse;
let client: ClickHouseClient;
beforeAll(async () => {
  test = await startTestWarehouse();
  client = createClient({
    url: test.warehouse.url,
    username: "operator",
    password: TOKENS.reader,
    database: "parallax",
    log: { level: ClickHouseLogLevel.OFF },
  });
  await test.store.command(
    "CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100",
  );
  await test.store.insertRows("t", [{ a: 1, b: "one" }]);
}, 60_000);
afterAll(async () => {
  await client.close();
  await test.stop();
});

/** As curl would. */
function send(
  sql: string,
  options: { token?: string; query?: string; headers?: Record<string, string>; body?: Uint8Array } = {},
) {
  const { token = TOKENS.reader, query = "", headers = {}, body } = options;
  return fetch(`${test.warehouse.url}/?${query}`, {
    method: "POST",
    headers: { "X-ClickHouse-Key": token, ...headers },
    body: body === undefined ? sql : new Uint8Array(body),
  });
}

async function count(table: string): Promise<number> {
  for await (const row of test.store.rows(`SELECT count() AS n FROM ${table}`)) return Number(row.n);
  return -1;
}

describe("the warehouse and curl", () => {
  it("answers a ping to anybody and a query to the token's holder only", async () => {
    expect(await (await fetch(`${test.warehouse.url}/ping`)).text()).toBe("Ok.\n");
    const none = await fetch(`${test.warehouse.url}/?query=SELECT+1`);
    const wrong = await send("SELECT 1", { token: "wrong" });
    for (const response of [none, wrong]) {
      expect(response.status).toBe(401);
      expect(response.headers.get("X-ClickHouse-Exception-Code")).toBe("516");
    }
  });

  it("takes the token as key, password and bearer", async () => {
    const basic = Buffer.from(`anyone:${TOKENS.reader}`).toString("base64");
    for (const headers of [
      { "X-ClickHouse-Key": TOKENS.reader },
      { Authorization: `Basic ${basic}` },
      { Authorization: `Bearer ${TOKENS.reader}` },
    ]) {
      const response = await fetch(`${test.warehouse.url}/?query=SELECT+7`, { headers });
      expect(await response.text()).toBe("7\n");
    }
  });

  it("obeys FORMAT, parameters, settings and gzip", async () => {
    const query = "param_x=5&max_threads=1&enable_http_compression=1";
    const response = await send("SELECT {x:UInt8} AS x, getSetting('max_threads') AS threads FORMAT JSONEachRow", {
      query,
      headers: { "Accept-Encoding": "gzip" },
    });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(await response.json()).toEqual({ x: 5, threads: 1 });
    const packed = await send("", { body: gzipSync("SELECT 8"), headers: { "Content-Encoding": "gzip" } });
    expect(await packed.text()).toBe("8\n");
  });

  it("answers a wrong query with the engine's code and a status of its own", async () => {
    const response = await send("SELECT * FROM nowhere");
    expect(response.status).toBe(404);
    expect(response.headers.get("X-ClickHouse-Exception-Code")).toBe("60");
    expect(await response.text()).toContain("UNKNOWN_TABLE");
  });
});

describe("the warehouse and @clickhouse/client", () => {
  it("queries with parameters and streams a million rows", async () => {
    const one = await client.query({
      query: "SELECT b FROM t WHERE a = {a:UInt64}",
      query_params: { a: 1 },
      format: "JSONEachRow",
    });
    expect(await one.json()).toEqual([{ b: "one" }]);
    const many = await client.query({ query: "SELECT number FROM numbers(1000000)", format: "JSONEachRow" });
    let rows = 0;
    for await (const chunk of many.stream()) rows += chunk.length;
    expect(rows).toBe(1_000_000);
  });

  it("sees the engine's code in an error, also when it comes behind rows", async () => {
    await expect(client.query({ query: "SELECT nothing" })).rejects.toMatchObject({ code: "47" });
    const late = await client.query({
      query: "SELECT throwIf(number = 900000) FROM numbers(1000000)",
      clickhouse_settings: { max_block_size: "1000" },
      format: "JSONEachRow",
    });
    const read = async () => {
      for await (const chunk of late.stream()) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toThrow(/throwIf|FUNCTION_THROW_IF/);
  });

  it("ends a query whose client has gone", async () => {
    const gone = new AbortController();
    const query = client.query({
      query: "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1",
      abort_signal: gone.signal,
    });
    await sleep(500);
    gone.abort();
    await expect(query).rejects.toThrow();
    const running = async () => {
      const sql =
        "SELECT count() AS n FROM system.processes WHERE query LIKE '%numbers(100000000000)%' AND query NOT LIKE '%processes%'";
      for await (const row of test.store.rows(sql)) return Number(row.n);
      return -1;
    };
    const deadline = Date.now() + 5_000;
    while ((await running()) > 0 && Date.now() < deadline) await sleep(100);
    expect(await running()).toBe(0);
  });
});

describe("a reader", () => {
  it.each([
    ["a statement", { sql: "INSERT INTO t VALUES (2, 'two')" }],
    ["an insert with a body", { sql: "", query: "query=INSERT+INTO+t+FORMAT+JSONEachRow", body: '{"a":2,"b":"two"}' }],
    ["a second statement", { sql: "SELECT 1; INSERT INTO t VALUES (2, 'two')" }],
    ["an empty line and a second statement", { sql: "SELECT 1 FORMAT TSV\n\nINSERT INTO t VALUES (2, 'two')" }],
    ["a table of its own", { sql: "CREATE TABLE mine (a Int8) ENGINE = Memory" }],
    ["a drop", { sql: "DROP TABLE t" }],
    ["a setting in the query", { sql: "SELECT * FROM t SETTINGS readonly = DEFAULT" }],
    ["a setting in the address", { sql: "INSERT INTO t VALUES (2, 'two')", query: "readonly=0" }],
    ["another database", { sql: "SELECT * FROM `hosts`", query: "database=default" }],
    ["a file to write", { sql: "SELECT 1 INTO OUTFILE '/tmp/parallax-escape'" }],
    ["a file to read", { sql: "SELECT * FROM file('/etc/hostname', LineAsString)" }],
    ["a file to read as a value", { sql: "SELECT file('/etc/hostname')" }],
    ["a file as a table", { sql: "SELECT * FROM default.`/etc/hostname`" }],
    ["a shutdown", { sql: "SYSTEM SHUTDOWN" }],
    ["a user", { sql: "CREATE USER x" }],
  ])("cannot get by with %s", async (_, { sql, query = "", body }: { sql: string; query?: string; body?: string }) => {
    const response = await send(sql, { query, ...(body === undefined ? {} : { body: Buffer.from(body) }) });
    expect(response.status).toBe(400);
    expect(await count("t")).toBe(1);
    expect(existsSync("/tmp/parallax-escape")).toBe(false);
  });
});

describe("a writer", () => {
  it("inserts bytes with empty lines and statements in them as they are", async () => {
    await test.store.command(
      "CREATE TABLE bytes (s String) ENGINE = MergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 100",
    );
    const text = "a\n\nINSERT INTO t VALUES (9, 'x');\n\0'\"";
    const body = Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
    const query = "query=INSERT+INTO+bytes+FORMAT+RowBinary&insert_deduplication_token=x";
    for (let i = 0; i < 2; i++) {
      const response = await send("", { token: TOKENS.writer, query, body });
      expect(response.status).toBe(200);
    }
    const found = [];
    for await (const row of test.store.rows("SELECT hex(s) AS s FROM bytes")) found.push(row.s);
    expect(found).toEqual([Buffer.from(text).toString("hex").toUpperCase()]);
    expect(await count("t")).toBe(1);
  });

  it("finds every acknowledged row once after the process was killed under inserts", async () => {
    await test.store.command(
      "CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1",
    );
    const acknowledged: number[] = [];
    let killed = false;
    for (let i = 0; i < 60; i++) {
      const body = Buffer.from(`{"a":${i}}\n`);
      const query = `query=INSERT+INTO+kept+FORMAT+JSONEachRow&insert_deduplication_token=k${i}`;
      for (let tries = 0; tries < 100; tries++) {
        const response = await send("", { token: TOKENS.writer, query, body }).catch(() => null);
        await response?.text().catch(() => null);
        if (response?.ok === true) break;
        await sleep(100);
      }
      acknowledged.push(i);
      const pid = test.warehouse.pid();
      if (i === 30 && !killed && pid !== undefined) {
        killed = true;
        process.kill(pid, "SIGKILL");
      }
    }
    const found = [];
    for await (const row of test.store.rows("SELECT a FROM kept ORDER BY a")) found.push(row.a);
    expect(found).toEqual(acknowledged);
    expect(test.events.join()).toContain("started again");
  }, 60_000);
});

describe("a second warehouse", () => {
  it("on the same folder is refused with one line that names it", async () => {
    await expect(startTestWarehouse({ folder: test.folder })).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringContaining(test.folder),
    });
    rmSync("/tmp/parallax-escape", { force: true });
  });
});
