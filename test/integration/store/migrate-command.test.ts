import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readMigrations } from "../../../coordinator/store/migrate.js";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

const run = promisify(execFile);
const migrate = (...options: readonly string[]) =>
  run(process.execPath, ["dist/coordinator/main.js", "migrate", ...options], { maxBuffer: 1 << 24 });
const NAMES = readMigrations("coordinator/store/sql").map(({ name }) => name);

describe("parallax migrate", () => {
  const folder = mkdtempSync(join(tmpdir(), "parallax-migrate-"));
  let warehouse: TestWarehouse;
  beforeAll(async () => {
    warehouse = await startTestWarehouse();
    writeFileSync(join(folder, "password"), `${TOKENS.writer}\n`);
  }, 60_000);
  afterAll(async () => {
    await warehouse.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("prints with --dry-run what it would run, migration by migration, and connects to nothing", async () => {
    const { stdout } = await migrate("--dry-run", "--clickhouse-cluster", "lab", "--clickhouse", "http://127.0.0.1:1");
    expect(stdout).toContain("CREATE DATABASE IF NOT EXISTS parallax ON CLUSTER 'lab';");
    for (const name of NAMES) expect(stdout).toContain(`-- ${name}\n`);
    expect(stdout).toContain("CREATE ROLE IF NOT EXISTS parallax_reader ON CLUSTER 'lab';");

    const single = await migrate("--dry-run", "--no-roles", "--json");
    const script = JSON.parse(single.stdout) as { migration: string | null; sql: string }[];
    expect(new Set(script.map(({ migration }) => migration))).toEqual(new Set([null, ...NAMES]));
    expect(single.stdout).not.toMatch(/ON CLUSTER|Replicated|ROLE/);
  }, 60_000);

  it("makes the database and its tables, and the second time finds nothing to do", async () => {
    const options = ["--clickhouse", warehouse.warehouse.url, "--clickhouse-password-file", join(folder, "password")];
    const to = [...options, "--database", "other", "--no-roles", "--json"];
    expect(JSON.parse((await migrate(...to)).stdout)).toEqual({ applied: NAMES });
    expect(JSON.parse((await migrate(...to)).stdout)).toEqual({ applied: [] });
    const rows = [];
    for await (const row of warehouse.store.rows("SELECT count() AS n FROM other.schema_migrations FINAL"))
      rows.push(row);
    expect(rows).toEqual([{ n: NAMES.length }]);
  }, 60_000);

  it.each([
    [["--clickhouse", "clickhouse:9000"], 2, "is no address of ClickHouse's HTTP interface"],
    [["--clickhouse", "http://127.0.0.1:1"], 1, "cannot be made: connect ECONNREFUSED"],
    [["--dry-run", "--clickhouse-cluster", "a'b"], 2, "is no name"],
    [[], 2, "does not know which ClickHouse"],
  ])("says in one line what is wrong with %p", async (options, code, line) => {
    const failed = await migrate(...options).then(
      () => ({ code: 0, stderr: "" }),
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed.code).toBe(code);
    expect(failed.stderr).toContain(line);
  });
});
