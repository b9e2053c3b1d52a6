import type { BatchTable } from "../../shared/batch/tables.js";
import { type Layout, localName, onCluster } from "./layout.js";

/** Every table of which ingest inserts batches: the compiler asks for each. */
const WRITTEN_BY_INGEST: Readonly<Record<BatchTable, true>> = {
  syn_replies: true,
  trace_hops: true,
  handshakes: true,
  web_timings: true,
  target_skips: true,
  ledger: true,
};

/** What a reader's query may take, and no setting may lift; 0 would mean no limit, hence the least value. */
const READER_LIMITS: Readonly<Record<string, number>> = {
  max_execution_time: 300,
  max_memory_usage: 4 * 1024 ** 3,
  max_memory_usage_for_user: 8 * 1024 ** 3,
  max_rows_to_read: 50_000_000_000,
  max_result_rows: 100_000_000,
  max_result_bytes: 4 * 1024 ** 3,
  max_concurrent_queries_for_user: 8,
};

/** Names of the roles of a database: roles are a server's, so that those of two databases must differ. */
export function roleNames(database: string): Readonly<Record<"ingest" | "reader" | "admin", string>> {
  return { ingest: `${database}_ingest`, reader: `${database}_reader`, admin: `${database}_admin` };
}

/**
 * The statements that make the roles of a ClickHouse server, with exactly the rights that each needs, or bring them up to
 * those; they can run again at any time. The embedded engine has no roles that hold anybody back: it has one user.
 *
 * - ingest inserts batches, and reads what tells whether one is there.
 * - reader reads the tables, within limits that it cannot lift. The limits are made once; the operator's own stay.
 * - admin does everything in the database, and what migrations need beside it.
 */
export function roleStatements(database: string, layout: Layout): string[] {
  const names = roleNames(database);
  const on = onCluster(layout);
  const grant = (role: string, rights: string, more = "") =>
    `GRANT${on} ${rights} TO ${role}${more} WITH REPLACE OPTION`;
  return [
    ...Object.values(names).map((name) => `CREATE ROLE IF NOT EXISTS ${name}${on}`),
    grant(names.ingest, ingestRights(database, layout)),
    `CREATE SETTINGS PROFILE IF NOT EXISTS ${names.reader}${on} SETTINGS ${readerSettings(layout)}`,
    `ALTER ROLE ${names.reader}${on} SETTINGS PROFILE '${names.reader}'`,
    grant(names.reader, `SELECT, SHOW, dictGet ON ${database}.*`),
    grant(names.admin, "CREATE ROLE, ALTER ROLE, CREATE SETTINGS PROFILE, CLUSTER, REMOTE ON *.*"),
    `GRANT${on} ALL ON ${database}.* TO ${names.admin} WITH GRANT OPTION`,
  ];
}

function ingestRights(database: string, layout: Layout): string {
  const tables = Object.keys(WRITTEN_BY_INGEST);
  // A Distributed table passes an insert on in its user's name.
  const all = layout.kind === "single" ? tables : tables.flatMap((table) => [table, localName(table)]);
  return [
    ...all.map((table) => `SELECT(campaign, batch), INSERT ON ${database}.${table}`),
    // The view that makes coverage of them reads them with its inserter's rights.
    `SELECT(source, index, vantage, agent, reason) ON ${database}.${layout.kind === "single" ? "target_skips" : localName("target_skips")}`,
    `SELECT(id) ON ${database}.campaigns`,
    ...(layout.kind === "single" ? [] : [`SYSTEM SYNC REPLICA ON ${database}.campaigns`]),
  ].join(", ");
}

/** With `readonly = 1` a client could not even choose how its result is written; grants, not this, keep it from writing. */
function readerSettings(layout: Layout): string {
  return [
    "readonly = 2 CONST",
    ...Object.entries(READER_LIMITS).map(([name, most]) => `${name} = ${most} MIN 1 MAX ${most}`),
    ...(layout.kind === "single" ? [] : ["distributed_product_mode = 'global'", "optimize_skip_unused_shards = 1"]),
  ].join(", ");
}
