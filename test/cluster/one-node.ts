/** Name of the cluster in `ONE_NODE`. */
export const CLUSTER = "one";

/**
 * Statements for this database keep their replicated tables, which the engine makes against a Keeper in its own memory. It
 * does not start them: for that it would have to listen for other replicas, which it does not do as a library.
 */
export const WITH_KEEPER = "keeper";

/** Configuration of an engine that is the one node, by its port, of a cluster. */
export const ONE_NODE = `<clickhouse>
  <tcp_port>9000</tcp_port>
  <remote_servers>
    <${CLUSTER}><shard>
      <internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>9000</port></replica>
    </shard></${CLUSTER}>
  </remote_servers>
  <macros><shard>1</shard><replica>a</replica></macros>
  <zookeeper><implementation>testkeeper</implementation><node><host>localhost</host><port>2181</port></node></zookeeper>
</clickhouse>
`;

/**
 * What the engine can run as the one node of a cluster: statements without ON CLUSTER, as there is no queue of statements
 * for all nodes, and tables that are not replicated, as replicated ones stay read-only here. Distributed tables are real.
 */
export function asOneNode(sql: string): string {
  if (!/^(CREATE|ALTER|DELETE|SYSTEM) /.test(sql)) return sql;
  const here = sql.replaceAll(` ON CLUSTER '${CLUSTER}'`, "");
  if (/^CREATE TABLE/.test(here) && here.includes(` ${WITH_KEEPER}.`)) return here;
  if (here.startsWith("SYSTEM SYNC REPLICA")) return "SELECT 1";
  return here
    .replace(/\bReplicated(\w*MergeTree)\('[^']+', '[^']+'(?:, )?/, "$1(")
    .replaceAll(/\breplicated_deduplication_window_seconds = \d+(, )?/g, "")
    .replaceAll(/\breplicated_deduplication_window\b/g, "non_replicated_deduplication_window");
}
