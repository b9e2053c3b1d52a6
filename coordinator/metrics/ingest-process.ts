import type { NatsConnection } from "@nats-io/transport-node";
import { createExposition } from "../../shared/metrics/exposition.js";
import { createLate } from "../../shared/metrics/late.js";
import type { Observe } from "../../shared/metrics/metric.js";
import { processFacts } from "../../shared/metrics/process.js";
import { type MetricsAddress, type MetricsServer, serveMetrics } from "../../shared/metrics/server.js";
import { VERSION } from "../../shared/version.js";
import type { IngestStats } from "../ingest/ingest.js";
import { patient } from "./answers.js";
import { readBroker } from "./broker.js";
import { INGEST_PROCESS_HISTOGRAMS, INGEST_PROCESS_METRICS } from "./catalogue.js";
import type { IngestFacts } from "./facts.js";
import { INSERT_SECONDS } from "./ingest.js";

/** Metrics of `parallax ingest`. */
export interface IngestProcessMetrics extends MetricsServer {
  readonly insertSeconds: Observe;
  attach(connection: NatsConnection, stats: () => IngestStats): void;
}

/** @throws UserError when it cannot listen there */
export async function openIngestMetrics(address: MetricsAddress): Promise<IngestProcessMetrics> {
  const facts = createLate<IngestFacts>();
  const exposition = createExposition({
    metrics: INGEST_PROCESS_METRICS,
    histograms: INGEST_PROCESS_HISTOGRAMS,
    gather: facts.read,
  });
  const server = await serveMetrics(exposition, address);
  return {
    ...server,
    insertSeconds: exposition.observe(INSERT_SECONDS),
    attach(connection, stats) {
      const broker = patient(() => readBroker(connection));
      facts.attach(async () => ({
        process: processFacts(VERSION),
        nowMs: Date.now(),
        ingest: stats(),
        broker: await broker(),
      }));
    },
  };
}
