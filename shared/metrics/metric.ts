/** One number of a metric, with the labels that tell it from the metric's other numbers. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * A metric that is read when somebody asks for it: nothing is counted for it alone. `F` is what is read from, gathered
 * once for all metrics of an answer. Names and units are those of Prometheus: seconds, bytes, `_total` for counters.
 */
export interface ReadMetric<F> {
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** What it counts or measures, in one sentence without its last dot. */
  readonly help: string;
  readonly labels?: readonly string[];
  /** Null where it is not known now: then there is no number, which is something else than zero. */
  read(facts: F): number | null | readonly Sample[];
}

/** Durations in seconds, counted as they happen. */
export interface HistogramMetric {
  readonly name: string;
  readonly help: string;
  /** Upper ends of the buckets, in seconds. */
  readonly buckets: readonly number[];
}

/** Takes one duration in seconds. */
export type Observe = (seconds: number) => void;

/** What a table of metrics says of each. */
export interface MetricFact {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

/** The rows of such a table, in the order of the code. */
export function metricFacts<F>(
  metrics: readonly ReadMetric<F>[],
  histograms: readonly HistogramMetric[],
): readonly MetricFact[] {
  return [
    ...metrics.map(({ name, type, labels = [], help }) => ({ name, type, labels, help })),
    ...histograms.map(({ name, help }) => ({ name, type: "histogram" as const, labels: [], help })),
  ];
}
