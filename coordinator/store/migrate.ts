import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../shared/errors.js";
import { createClusterRenderer, type Renderer } from "./cluster/render.js";
import { type Layout, onCluster } from "./layout.js";
import { splitStatements } from "./statements.js";
import type { Store } from "./store.js";

/** One numbered file of SQL: applied once, in order, and never changed afterwards. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** The migrations beside this module, by number. */
export function readMigrations(folder = fileURLToPath(new URL("./sql", import.meta.url))): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  return names.map((name) => ({ name, sql: readFileSync(join(folder, name), "utf8") }));
}

/** A migration as the statements that a layout wants, in order. */
export interface RenderedMigration {
  /** Of the file, or null for what comes before the first. */
  readonly name: string | null;
  /** SHA-256 of the file, hexadecimal: the same for every layout. */
  readonly checksum: string;
  readonly statements: readonly string[];
}

const APPLIED_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
     ENGINE = ReplacingMergeTree ORDER BY name`;

/** On one server each statement is as the file has it; on a cluster it becomes one or two others. */
export function renderMigrations(migrations: readonly Migration[], layout: Layout): RenderedMigration[] {
  const render: Renderer = layout.kind === "single" ? (statement) => [statement] : createClusterRenderer(layout);
  const rendered = (name: string | null, sql: string): RenderedMigration => ({
    name,
    checksum: createHash("sha256").update(sql).digest("hex"),
    statements: splitStatements(sql).flatMap(render),
  });
  return [rendered(null, APPLIED_TABLE), ...migrations.map(({ name, sql }) => rendered(name, sql))];
}

/** Makes the database; the store may name any other that is there. */
export function createDatabase(database: string, layout: Layout): string {
  return `CREATE DATABASE IF NOT EXISTS ${database}${onCluster(layout)}`;
}

/**
 * Applies what is not applied yet; a crash in between is mended by the next start, as every statement can run twice.
 * @returns names of the migrations that were applied now
 * @throws UserError when a migration that was applied has another text now
 */
export async function migrate(store: Store, migrations: readonly Migration[]): Promise<string[]> {
  const [first, ...rest] = renderMigrations(migrations, store.layout);
  for (const statement of first?.statements ?? []) await store.command(statement);
  const before = await appliedMigrations(store);
  const now: string[] = [];
  for (const { name, checksum, statements } of rest) {
    if (name === null || before.get(name) === checksum) continue;
    if (before.has(name)) {
      throw new UserError(`migration ${name} has changed since it was applied to this database`, {
        remedy: "use the version of Parallax that made the database, or a new --data folder",
      });
    }
    for (const statement of statements) await store.command(statement);
    await store.insertRows("schema_migrations", [{ name, checksum }]);
    now.push(name);
  }
  return now;
}

async function appliedMigrations(store: Store): Promise<Map<string, string>> {
  await store.catchUp("schema_migrations");
  const applied = new Map<string, string>();
  for await (const row of store.rows("SELECT name, checksum FROM schema_migrations FINAL")) {
    applied.set(String(row.name), String(row.checksum));
  }
  return applied;
}
