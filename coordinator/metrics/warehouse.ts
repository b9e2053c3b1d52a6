import type { ReadMetric } from "../../shared/metrics/metric.js";
import type { CoordinatorFacts, WarehouseFacts } from "./facts.js";

function engine(value: (warehouse: WarehouseFacts) => number) {
  return ({ warehouse }: CoordinatorFacts) => (warehouse === null ? null : value(warehouse));
}

function tables(value: (table: WarehouseFacts["tables"][number]) => number) {
  return ({ warehouse }: CoordinatorFacts) =>
    warehouse === null
      ? null
      : warehouse.tables.map((table) => ({ value: value(table), labels: { table: table.table } }));
}

/** The tables and what they lie on. */
export const WAREHOUSE_METRICS: readonly ReadMetric<CoordinatorFacts>[] = [
  {
    name: "parallax_warehouse_up",
    type: "gauge",
    help: "1 if the warehouse answered within two seconds",
    read: ({ warehouse }) => Number(warehouse !== null),
  },
  {
    name: "parallax_warehouse_uptime_seconds",
    type: "gauge",
    help: "Since the engine began; it falls when the warehouse was started again",
    read: engine(({ uptimeSeconds }) => uptimeSeconds),
  },
  {
    name: "parallax_warehouse_queries_total",
    type: "counter",
    help: "Queries of any kind since the engine began, with those that the warehouse itself makes to serve one",
    read: engine(({ queries }) => queries),
  },
  {
    name: "parallax_warehouse_inserts_total",
    type: "counter",
    help: "Inserts among them",
    read: engine(({ inserts }) => inserts),
  },
  {
    name: "parallax_warehouse_failed_queries_total",
    type: "counter",
    help: "Queries that ended with an error",
    read: engine(({ failed }) => failed),
  },
  {
    name: "parallax_warehouse_running_queries",
    type: "gauge",
    help: "Queries that run now, with the one that asks",
    read: engine(({ running }) => running),
  },
  {
    name: "parallax_warehouse_running_merges",
    type: "gauge",
    help: "Merges that run now",
    read: engine(({ merges }) => merges),
  },
  {
    name: "parallax_warehouse_memory_bytes",
    type: "gauge",
    help: "Memory that the engine has taken",
    read: engine(({ memoryBytes }) => memoryBytes),
  },
  {
    name: "parallax_warehouse_table_rows",
    type: "gauge",
    help: "Rows of a table, before FINAL",
    labels: ["table"],
    read: tables(({ rows }) => rows),
  },
  {
    name: "parallax_warehouse_table_bytes",
    type: "gauge",
    help: "Bytes of a table on the disk",
    labels: ["table"],
    read: tables(({ bytes }) => bytes),
  },
  {
    name: "parallax_data_disk_free_bytes",
    type: "gauge",
    help: "Bytes left on the disk of the data folder",
    read: ({ disk }) => disk?.freeBytes ?? null,
  },
  {
    name: "parallax_data_disk_bytes",
    type: "gauge",
    help: "Bytes of that disk",
    read: ({ disk }) => disk?.bytes ?? null,
  },
  {
    name: "parallax_coordinator_certificate_expiry_timestamp_seconds",
    type: "gauge",
    help: "Ends of the coordinator's own certificates, Unix time",
    labels: ["certificate"],
    read: ({ certificates }) =>
      (["authority", "server"] as const).map((certificate) => ({
        value: certificates[certificate] / 1_000,
        labels: { certificate },
      })),
  },
  {
    name: "parallax_coordinator_info",
    type: "gauge",
    help: "Always 1: the coordinator's version",
    labels: ["version"],
    read: ({ process }) => [{ value: 1, labels: { version: process.version } }],
  },
];
