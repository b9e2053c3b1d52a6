import { TABLES } from "../../coordinator/store/reference.js";
import type { Store } from "../../coordinator/store/store.js";
import { unitOf } from "../../coordinator/store/units.js";

const HEAD = `# Tables

Every table and view of the database, with every column: its type, what it is measured in or written as, where it comes from and what it says. This page is written by \`npm run generate:docs\` from the migrations, as the engine has applied them; \`DESCRIBE TABLE\` shows the same descriptions. On a cluster each table with campaigns has a twin on every node, \`…_local\`, with the same columns ([ADR 030](adr/030-clusters.md)).

Rows of a table with \`FINAL\` are the newest of each key (\`ORDER BY\`). (\`batch\`, \`row\`) is the key of a fact: no two rows have the same.

## How long rows are kept

For ever: campaigns are compared over years, raw evidence is judged again by better rules, and \`verify-ledger\` and certificates want every row that was measured. The embedded warehouse has no statement that an operator could delete with. On a ClickHouse server \`parallax_admin\` may give a table of facts a time to live, such as \`ALTER TABLE parallax.trace_hops MODIFY TTL toDateTime(received_at) + INTERVAL 3 YEAR\` (on a cluster \`parallax.trace_hops_local ON CLUSTER NAME\`); migrations leave it alone. Rollups stay, and cannot be made again without their facts; \`verify-ledger\` of a campaign older than that tells what is missing.
`;

interface ColumnOfTable {
  readonly name: string;
  readonly type: string;
  readonly comment: string;
}

/** The reference of the database that the store is of. @throws Error for a column or table of which something is missing */
export async function schemaDocument(store: Pick<Store, "rows">): Promise<string> {
  const columns = new Map<string, ColumnOfTable[]>();
  const sql = `SELECT table, name, type, comment FROM system.columns
    WHERE database = currentDatabase() AND NOT startsWith(table, '.inner')
      AND table NOT IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView')
    ORDER BY table, position`;
  for await (const { table, name, type, comment } of store.rows(sql)) {
    const of = columns.get(String(table)) ?? [];
    of.push({ name: String(name), type: String(type), comment: String(comment) });
    columns.set(String(table), of);
  }
  const unknown = [...columns.keys()].filter((table) => !Object.hasOwn(TABLES, table));
  if (unknown.length > 0) throw new Error(`coordinator/store/reference.ts does not know ${unknown.join(", ")}`);
  return (
    HEAD +
    Object.keys(TABLES)
      .map((table) => section(table, columns.get(table) ?? []))
      .join("")
  );
}

function section(table: string, columns: readonly ColumnOfTable[]): string {
  const { about = "", source = "", columns: others = {} } = TABLES[table] ?? {};
  if (columns.length === 0) throw new Error(`there is no table ${table}`);
  const stray = Object.keys(others).filter((name) => !columns.some((column) => column.name === name));
  if (stray.length > 0) throw new Error(`${table} has no column ${stray.join(", ")}`);
  const lines = columns.map(({ name, type, comment }) => {
    const unit = unitOf(name, type);
    if (comment === "") throw new Error(`${table}.${name} has no comment`);
    if (unit === null) throw new Error(`coordinator/store/units.ts does not know ${table}.${name}`);
    return `| \`${name}\` | \`${type}\` | ${unit} | ${others[name] ?? source} | ${comment.replaceAll("|", "\\|")} |\n`;
  });
  return `\n## ${table}\n\n${about}\n\n| column | type | unit | source | what it says |\n|---|---|---|---|---|\n${lines.join("")}`;
}
