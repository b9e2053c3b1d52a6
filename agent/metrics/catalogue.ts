import type { ReadMetric } from "../../shared/metrics/metric.js";
import { PROCESS_METRICS } from "../../shared/metrics/process.js";
import type { AgentFacts } from "./facts.js";
import { PROBING_METRICS } from "./probing.js";
import { COMMIT_LAG, SPOOL_METRICS } from "./spool.js";
import { STATE_METRICS } from "./state.js";

/** Every metric of an agent. No target and no address is a label; an agent has as many series as this table has numbers. */
export const AGENT_METRICS: readonly ReadMetric<AgentFacts>[] = [
  ...PROBING_METRICS,
  ...SPOOL_METRICS,
  ...STATE_METRICS,
  ...PROCESS_METRICS,
];

export const AGENT_HISTOGRAMS = [COMMIT_LAG];
