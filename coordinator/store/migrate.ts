import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../shared/errors.js";
import { tokenize } from "../warehouse/sql.js";
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

/**
 * Applies what is not applied yet; a crash in between is mended by the next start, as every statement can run twice.
 * @throws UserError when a migration that was applied has another text now
 */
export async function migrate(store: Store, migrations: readonly Migration[]): Promise<void> {
  await store.command(
    `CREATE TABLE IF NOT EXISTS schema_migrations (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
     ENGINE = ReplacingMergeTree ORDER BY name`,
  );
  const applied = new Map<string, string>();
  for await (const row of store.rows("SELECT name, checksum FROM schema_migrations FINAL")) {
    applied.set(String(row.name), String(row.checksum));
  }
  for (const { name, sql } of migrations) {
    const checksum = createHash("sha256").update(sql).digest("hex");
    const before = applied.get(name);
    if (before === checksum) continue;
    if (before !== undefined) {
      throw new UserError(`migration ${name} has changed since it was applied to this database`, {
        remedy: "use the version of Parallax that made the database, or a new --data folder",
      });
    }
    for (const statement of statements(sql)) await store.command(statement);
    await store.insertRows("schema_migrations", [{ name, checksum }]);
  }
}

/** The statements of a file, split at semicolons outside of quotes and comments. */
function statements(sql: string): string[] {
  const found: string[] = [];
  let start: number | null = null;
  for (const token of tokenize(sql)) {
    if (token.text === ";" && token.kind === "symbol") {
      if (start !== null) found.push(sql.slice(start, token.start).trim());
      start = null;
    } else start ??= token.start;
  }
  if (start !== null) found.push(sql.slice(start).trim());
  return found;
}
