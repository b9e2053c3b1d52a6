import type { Store } from "../store/store.js";
import type { WarehouseFacts } from "./facts.js";

const EVENTS = `SELECT event AS name, value FROM system.events WHERE event IN ('Query', 'InsertQuery', 'FailedQuery')
UNION ALL SELECT concat('now ', metric), toUInt64(greatest(value, 0)) FROM system.metrics WHERE metric IN ('Query', 'Merge', 'MemoryTracking')
UNION ALL SELECT 'uptime', toUInt64(uptime())`;
const TABLES = `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
WHERE active AND database = currentDatabase() AND NOT startsWith(table, '.') GROUP BY table ORDER BY table`;

/** What the engine says of itself: counters since it began, and the size of the tables. */
export async function readWarehouse(store: Pick<Store, "rows">): Promise<WarehouseFacts> {
  const counts = new Map<string, number>();
  for await (const { name, value } of store.rows(EVENTS)) counts.set(String(name), Number(value));
  const tables: WarehouseFacts["tables"][number][] = [];
  for await (const { table, rows, bytes } of store.rows(TABLES)) {
    tables.push({ table: String(table), rows: Number(rows), bytes: Number(bytes) });
  }
  // An event that never happened has no row.
  const count = (name: string): number => counts.get(name) ?? 0;
  return {
    uptimeSeconds: count("uptime"),
    queries: count("Query"),
    inserts: count("InsertQuery"),
    failed: count("FailedQuery"),
    running: count("now Query"),
    merges: count("now Merge"),
    memoryBytes: count("now MemoryTracking"),
    tables,
  };
}
