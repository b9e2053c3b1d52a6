import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HistogramMetric, Observe, ReadMetric } from "./metric.js";

/** A program's metrics in Prometheus's text format. */
export interface Exposition {
  readonly contentType: string;
  /** The numbers of now. Those who ask at the same time get the same answer. */
  text(): Promise<string>;
  /** Takes durations of one of the histograms. */
  observe(histogram: HistogramMetric): Observe;
}

export interface ExpositionOptions<F> {
  readonly metrics: readonly ReadMetric<F>[];
  readonly histograms: readonly HistogramMetric[];
  /** Called for each answer. What cannot be known must be null in it: an answer is never refused for one part. */
  readonly gather: () => Promise<F>;
}

export function createExposition<F>({ metrics, histograms, gather }: ExpositionOptions<F>): Exposition {
  const durations = new Registry();
  const taken = new Map(
    histograms.map(({ name, help, buckets }) => [
      name,
      new Histogram({ name, help, buckets: [...buckets], registers: [durations] }),
    ]),
  );
  let answer: Promise<string> | null = null;

  async function read(): Promise<string> {
    const facts = await gather();
    // The numbers are totals already, so each answer has counters of its own.
    const registry = new Registry();
    for (const metric of metrics) put(registry, metric, metric.read(facts));
    return `${await registry.metrics()}${await durations.metrics()}`;
  }

  return {
    contentType: durations.contentType,
    text() {
      answer ??= read().finally(() => {
        answer = null;
      });
      return answer;
    },
    observe({ name }) {
      const histogram = taken.get(name);
      if (histogram === undefined) throw new RangeError(`no histogram ${name}`);
      return (seconds) => histogram.observe(seconds);
    },
  };
}

function put<F>(
  registry: Registry,
  { name, help, type, labels = [] }: ReadMetric<F>,
  found: ReturnType<ReadMetric<F>["read"]>,
): void {
  if (found === null) return;
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  const samples = typeof found === "number" ? [{ value: found }] : found;
  if (type === "gauge") {
    const gauge = new Gauge(common);
    for (const { labels: of = {}, value } of samples) gauge.set(of, value);
  } else {
    const counter = new Counter(common);
    for (const { labels: of = {}, value } of samples) counter.inc(of, value);
  }
}
