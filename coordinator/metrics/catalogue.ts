import type { ReadMetric } from "../../shared/metrics/metric.js";
import { PROCESS_METRICS } from "../../shared/metrics/process.js";
import { CAMPAIGN_METRICS } from "./campaigns.js";
import type { CoordinatorFacts, IngestFacts } from "./facts.js";
import { FLEET_METRICS, GRANT_LATENCY } from "./fleet.js";
import { INGEST_METRICS, INSERT_SECONDS } from "./ingest.js";
import { WAREHOUSE_METRICS } from "./warehouse.js";

/** Of `parallax ingest`, which is a part of what the coordinator has. */
export const INGEST_PROCESS_METRICS: readonly ReadMetric<IngestFacts>[] = [...INGEST_METRICS, ...PROCESS_METRICS];
export const INGEST_PROCESS_HISTOGRAMS = [INSERT_SECONDS];

/**
 * Every metric of a coordinator. Labels are agents of the last day, campaigns that run and tables: never a target, an
 * address or a secret.
 */
export const COORDINATOR_METRICS: readonly ReadMetric<CoordinatorFacts>[] = [
  ...FLEET_METRICS,
  ...CAMPAIGN_METRICS,
  ...INGEST_METRICS,
  ...WAREHOUSE_METRICS,
  ...PROCESS_METRICS,
];

export const COORDINATOR_HISTOGRAMS = [GRANT_LATENCY, INSERT_SECONDS];
