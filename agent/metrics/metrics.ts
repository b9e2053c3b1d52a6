import { createExposition } from "../../shared/metrics/exposition.js";
import { createLate } from "../../shared/metrics/late.js";
import type { Observe } from "../../shared/metrics/metric.js";
import { type MetricsAddress, type MetricsServer, serveMetrics } from "../../shared/metrics/server.js";
import { AGENT_HISTOGRAMS, AGENT_METRICS } from "./catalogue.js";
import type { AgentFacts } from "./facts.js";
import { COMMIT_LAG } from "./spool.js";

/** Where an agent's numbers are read. */
export interface AgentMetrics {
  /** Told once, when the agent's parts are there: until then nobody gets an answer. */
  attach(read: () => Promise<AgentFacts>): void;
  readonly commitLag: Observe;
}

/** Serves an agent's metrics. @throws UserError when it cannot listen there */
export async function openAgentMetrics(address: MetricsAddress): Promise<AgentMetrics & MetricsServer> {
  const { attach, read: gather } = createLate<AgentFacts>();
  const exposition = createExposition({ metrics: AGENT_METRICS, histograms: AGENT_HISTOGRAMS, gather });
  const server = await serveMetrics(exposition, address);
  return { ...server, attach, commitLag: exposition.observe(COMMIT_LAG) };
}
