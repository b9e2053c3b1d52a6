import { describe, expect, it } from "@jest/globals";
import { AGENT_HISTOGRAMS, AGENT_METRICS } from "../../../agent/metrics/catalogue.js";
import { COORDINATOR_HISTOGRAMS, COORDINATOR_METRICS } from "../../../coordinator/metrics/catalogue.js";
import { metricFacts } from "../../../shared/metrics/metric.js";

describe.each([
  ["agent", metricFacts(AGENT_METRICS, AGENT_HISTOGRAMS)],
  ["coordinator", metricFacts(COORDINATOR_METRICS, COORDINATOR_HISTOGRAMS)],
])("the metrics of the %s", (_, metrics) => {
  it("have names of their own, as Prometheus wants them", () => {
    const names = metrics.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, type } of metrics) {
      expect(name).toMatch(/^(parallax|process)_[a-z_]+[a-z]$/);
      expect({ name, total: name.endsWith("_total") }).toEqual({ name, total: type === "counter" });
      expect(name).not.toMatch(/_(ms|us|milliseconds|kib|mib|percent)(_|$)/);
    }
  });

  it("have no label whose values have no bound", () => {
    const bounded = new Set([
      ...["agent", "vantage", "campaign", "table", "version", "driver"],
      ...["state", "reason", "kind", "stream", "certificate"],
    ]);
    for (const { labels } of metrics) for (const label of labels) expect(bounded).toContain(label);
  });
});
