import { AGENT_HISTOGRAMS, AGENT_METRICS } from "../../agent/metrics/catalogue.js";
import {
  COORDINATOR_HISTOGRAMS,
  COORDINATOR_METRICS,
  INGEST_PROCESS_HISTOGRAMS,
  INGEST_PROCESS_METRICS,
} from "../../coordinator/metrics/catalogue.js";
import { type MetricFact, metricFacts } from "../../shared/metrics/metric.js";

const HEAD = `# Metrics

What Prometheus reads from the programs, and how: [operating.md](operating.md#watching-a-fleet). This page is written by \`npm run generate:docs\` from the tables in the code.

Names and units are Prometheus's own: seconds, bytes, \`_total\` for counters, which begin anew with their process. A metric that is not known now (a part does not answer) is left out of the answer, and is not 0. Labels are agents, vantage points, campaigns that run, tables and fixed words: never a target, an address or a secret.
`;

/** Every metric of the programs, in Markdown. */
export function metricsDocument(): string {
  const ofIngest = new Set(metricFacts(INGEST_PROCESS_METRICS, INGEST_PROCESS_HISTOGRAMS).map(({ name }) => name));
  return [
    HEAD,
    section(
      "Coordinator",
      "`/metrics` of the API, for the operator's token or certificate; `parallax up --metrics-address HOST:PORT` without. Those with a check mark in the last column are of `parallax ingest --metrics-address` too.",
      metricFacts(COORDINATOR_METRICS, COORDINATOR_HISTOGRAMS),
      ofIngest,
    ),
    section(
      "Agent",
      "`parallax-agent run --metrics-address HOST:PORT`; off by default. The coordinator's `parallax_fleet_` metrics tell the most of it from the heartbeats.",
      metricFacts(AGENT_METRICS, AGENT_HISTOGRAMS),
      null,
    ),
  ].join("");
}

function section(
  title: string,
  words: string,
  metrics: readonly MetricFact[],
  ofIngest: ReadonlySet<string> | null,
): string {
  const more = ofIngest === null ? ["", ""] : [" ingest |", "---|"];
  const lines = metrics.map(({ name, type, labels, help }) => {
    const last = ofIngest === null ? "" : ` ${ofIngest.has(name) ? "✓" : ""} |`;
    const quoted = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${unitOf(name, type)} | ${quoted} | ${help} |${last}\n`;
  });
  return `\n## ${title}\n\n${words}\n\n| metric | type | unit | labels | meaning |${more[0]}\n|---|---|---|---|---|${more[1]}\n${lines.join("")}`;
}

/** As the name says it. */
function unitOf(name: string, type: MetricFact["type"]): string {
  if (name.endsWith("_timestamp_seconds") || name === "process_start_time_seconds") return "Unix seconds";
  if (/_seconds(_total)?$/.test(name) && !name.endsWith("_per_second")) return "seconds";
  if (/_bytes(_total)?$/.test(name)) return "bytes";
  if (name.endsWith("_packets_per_second")) return "packets/s";
  return type === "counter" ? "events" : "";
}
