import { UserError } from "../../shared/errors.js";

/** Where the tables lie: on one server, or on the nodes of a ClickHouse cluster, each campaign on one shard. */
export type Layout = SingleNode | Cluster;

export interface SingleNode {
  readonly kind: "single";
}

export interface Cluster {
  readonly kind: "cluster";
  /** As `remote_servers` of the nodes' configuration has it. */
  readonly name: string;
  readonly database: string;
}

export const SINGLE_NODE: SingleNode = { kind: "single" };

/** @throws UserError for a name that cannot be written into the SQL */
export function clusterLayout(name: string, database: string): Cluster {
  if (!/^[A-Za-z_][\w-]{0,99}$/.test(name)) throw noName("--clickhouse-cluster", name);
  return { kind: "cluster", name, database: databaseName(database) };
}

/** @throws UserError for a name that cannot be written into the SQL */
export function databaseName(text: string): string {
  if (!/^[A-Za-z_]\w{0,99}$/.test(text)) throw noName("--database", text);
  return text;
}

function noName(option: string, text: string): UserError {
  return new UserError(`${option} ${JSON.stringify(text)} is no name`, {
    remedy: "use letters, digits and _, and for a cluster the name that <remote_servers> of its nodes has",
    exitCode: 2,
  });
}

/** Name of the table on each node that holds the rows of a table whose campaigns are shared out over the shards. */
export function localName(table: string): string {
  return `${table}_local`;
}

/** Behind the name in a statement that every node has to run; empty on one server. */
export function onCluster(layout: Layout): string {
  return layout.kind === "single" ? "" : ` ON CLUSTER '${layout.name}'`;
}

/** In front of names in statements that other nodes run too: these know no current database. Empty on one server. */
export function inDatabase(layout: Layout): string {
  return layout.kind === "single" ? "" : `${layout.database}.`;
}

/**
 * Settings of every statement of the coordinator on a cluster; why: docs/adr/030-clusters.md.
 */
const CLUSTER_SETTINGS = {
  // An insert is acknowledged when the rows are in the shard's table, not in a file of the node that was asked, ...
  distributed_foreground_insert: 1,
  // ... and on most of its replicas.
  insert_quorum: "auto",
  // A campaign is asked for where it is, with all of its subqueries.
  optimize_skip_unused_shards: 1,
  distributed_product_mode: "global",
  // What a shard computes for itself would be numbered from one on each.
  parallel_distributed_insert_select: 0,
  // What was written is read where it was written.
  load_balancing: "in_order",
  max_replica_delay_for_distributed_queries: "30",
  fallback_to_stale_replicas_for_distributed_queries: 0,
  mutations_sync: "2",
  alter_sync: "2",
} as const;

/** Settings of every statement that a store of this layout sends and that may write. */
export function settingsOf(layout: Layout): Readonly<Record<string, string | number>> {
  return layout.kind === "single" ? { mutations_sync: "1" } : CLUSTER_SETTINGS;
}
