import type { HistogramMetric, ReadMetric } from "../../shared/metrics/metric.js";
import type { BrokerFacts, IngestFacts, StreamFacts } from "./facts.js";

function streams(value: (stream: StreamFacts, nowMs: number) => number) {
  return ({ broker, nowMs }: IngestFacts) =>
    broker === null
      ? null
      : (["rows", "dead"] as const).map((stream) => ({ value: value(broker[stream], nowMs), labels: { stream } }));
}

function consumer(value: (broker: BrokerFacts) => number) {
  return ({ broker }: IngestFacts) => (broker === null ? null : value(broker));
}

/** Batches from the broker's stream to the tables; of `parallax ingest` too. */
export const INGEST_METRICS: readonly ReadMetric<IngestFacts>[] = [
  {
    name: "parallax_ingest_batches_total",
    type: "counter",
    help: "Batches that this process put into the tables",
    read: ({ ingest }) => ingest.batches,
  },
  {
    name: "parallax_ingest_rows_total",
    type: "counter",
    help: "Their rows",
    read: ({ ingest }) => ingest.rows,
  },
  {
    name: "parallax_ingest_bytes_total",
    type: "counter",
    help: "Bytes of their blocks",
    read: ({ ingest }) => ingest.bytes,
  },
  {
    name: "parallax_ingest_duplicate_batches_total",
    type: "counter",
    help: "Batches that came again and were in the tables already: refused, and their agents told",
    read: ({ ingest }) => ingest.duplicates,
  },
  {
    name: "parallax_ingest_dead_letters_total",
    type: "counter",
    help: "Batches that this process could not insert and put aside",
    read: ({ ingest }) => ingest.dead,
  },
  {
    name: "parallax_ingest_notices_total",
    type: "counter",
    help: "Commit notices that this process sent to agents for batches, inserted or refused as duplicates",
    read: ({ ingest }) => ingest.batches + ingest.duplicates,
  },
  {
    name: "parallax_broker_up",
    type: "gauge",
    help: "1 if the broker told of its streams",
    read: ({ broker }) => Number(broker !== null),
  },
  {
    name: "parallax_broker_stream_messages",
    type: "gauge",
    help: "Messages in a stream: `rows` are batches that are not committed, `dead` are dead letters",
    labels: ["stream"],
    read: streams(({ messages }) => messages),
  },
  {
    name: "parallax_broker_stream_bytes",
    type: "gauge",
    help: "Bytes in a stream",
    labels: ["stream"],
    read: streams(({ bytes }) => bytes),
  },
  {
    name: "parallax_broker_stream_limit_bytes",
    type: "gauge",
    help: "Bytes that a stream may have; at it batches are refused and agents slow down",
    labels: ["stream"],
    read: streams(({ limitBytes }) => limitBytes),
  },
  {
    name: "parallax_broker_stream_oldest_seconds",
    type: "gauge",
    help: "Age of a stream's oldest message, 0 without one: of `rows`, how far ingest is behind",
    labels: ["stream"],
    read: streams(({ oldestMs }, nowMs) => (oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs) / 1_000)),
  },
  {
    name: "parallax_broker_unacknowledged_batches",
    type: "gauge",
    help: "Batches that an ingest has and has not acknowledged",
    read: consumer(({ ackPending }) => ackPending),
  },
  {
    name: "parallax_broker_redelivered_batches",
    type: "gauge",
    help: "Batches among those that were given to an ingest before",
    read: consumer(({ redelivered }) => redelivered),
  },
];

export const INSERT_SECONDS: HistogramMetric = {
  name: "parallax_ingest_insert_seconds",
  help: "From the sending of a batch's block to the engine until it is committed",
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
};
