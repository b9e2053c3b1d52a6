import type { HistogramMetric, ReadMetric } from "../../shared/metrics/metric.js";
import type { AgentFacts } from "./facts.js";

/** Rows on their way from the disk to the tables. */
export const SPOOL_METRICS: readonly ReadMetric<AgentFacts>[] = [
  {
    name: "parallax_agent_spool_bytes",
    type: "gauge",
    help: "Bytes of the batches in the spool",
    read: ({ spool }) => spool.bytes,
  },
  {
    name: "parallax_agent_spool_limit_bytes",
    type: "gauge",
    help: "Bytes that the spool may have (spool.maxBytes); at it nothing is sent",
    read: ({ spool }) => spool.maxBytes,
  },
  {
    name: "parallax_agent_spool_free_bytes",
    type: "gauge",
    help: "Bytes left on the spool's disk",
    read: ({ spool }) => spool.freeBytes,
  },
  {
    name: "parallax_agent_spool_batches",
    type: "gauge",
    help: "Batches in the spool: `waiting` to be committed, `buried` ones that ingest cannot insert, `damaged` ones",
    labels: ["state"],
    read: ({ spool }) =>
      (["waiting", "buried", "damaged"] as const).map((state) => ({ value: spool[state], labels: { state } })),
  },
  {
    name: "parallax_agent_spool_oldest_seconds",
    type: "gauge",
    help: "Age of the oldest batch that is not committed; 0 when there is none",
    read: ({ spool, nowMs }) => (spool.oldestMs === null ? 0 : Math.max(0, nowMs - spool.oldestMs) / 1_000),
  },
  {
    name: "parallax_agent_stored_rows_total",
    type: "counter",
    help: "Rows that went into the spool",
    read: ({ spool }) => spool.storedRows,
  },
  {
    name: "parallax_agent_stored_bytes_total",
    type: "counter",
    help: "Bytes that went into the spool",
    read: ({ spool }) => spool.storedBytes,
  },
  {
    name: "parallax_agent_broker_connected",
    type: "gauge",
    help: "1 while batches can be given to the broker",
    read: ({ publisher }) => Number(publisher.connected),
  },
  {
    name: "parallax_agent_published_batches_total",
    type: "counter",
    help: "Batches that the broker took, each publication counted",
    read: ({ publisher }) => publisher.published,
  },
  {
    name: "parallax_agent_published_rows_total",
    type: "counter",
    help: "Their rows",
    read: ({ publisher }) => publisher.publishedRows,
  },
  {
    name: "parallax_agent_published_bytes_total",
    type: "counter",
    help: "Their bytes",
    read: ({ publisher }) => publisher.publishedBytes,
  },
  {
    name: "parallax_agent_republished_batches_total",
    type: "counter",
    help: "Publications after the first one of a batch: its commit notice did not come in time",
    read: ({ publisher }) => publisher.republished,
  },
  {
    name: "parallax_agent_publish_failures_total",
    type: "counter",
    help: "Publications that the broker did not take, as when its stream is full",
    read: ({ publisher }) => publisher.failed,
  },
  {
    name: "parallax_agent_committed_batches_total",
    type: "counter",
    help: "Batches whose commit notice came",
    read: ({ publisher }) => publisher.committed,
  },
  {
    name: "parallax_agent_committed_rows_total",
    type: "counter",
    help: "Their rows",
    read: ({ publisher }) => publisher.committedRows,
  },
  {
    name: "parallax_agent_buried_batches_total",
    type: "counter",
    help: "Batches that became dead letters",
    read: ({ publisher }) => publisher.buried,
  },
  {
    name: "parallax_agent_in_flight_batches",
    type: "gauge",
    help: "Batches published and not committed yet",
    read: ({ publisher }) => publisher.inFlight,
  },
];

export const COMMIT_LAG: HistogramMetric = {
  name: "parallax_agent_commit_lag_seconds",
  help: "From the first time that the broker took a batch to its commit notice",
  buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
};
