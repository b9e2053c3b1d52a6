import { describe, expect, it } from "@jest/globals";
import { createExposition } from "../../../shared/metrics/exposition.js";
import type { HistogramMetric, ReadMetric } from "../../../shared/metrics/metric.js";

interface Facts {
  readonly sent: number;
  readonly free: number | null;
  readonly agents: readonly string[];
}

const METRICS: readonly ReadMetric<Facts>[] = [
  { name: "sent_total", type: "counter", help: "Sent", read: ({ sent }) => sent },
  { name: "free_bytes", type: "gauge", help: "Free", read: ({ free }) => free },
  {
    name: "up",
    type: "gauge",
    help: "Up",
    labels: ["agent"],
    read: ({ agents }) => agents.map((agent) => ({ value: 1, labels: { agent } })),
  },
];
const TOOK: HistogramMetric = { name: "took_seconds", help: "Took", buckets: [0.1, 1] };

function exposition(facts: { now: Facts; asked?: number }) {
  return createExposition({
    metrics: METRICS,
    histograms: [TOOK],
    gather: async () => {
      facts.asked = (facts.asked ?? 0) + 1;
      return facts.now;
    },
  });
}

/** Numbers by name and labels. */
const numbers = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("the exposition of metrics", () => {
  it("has the totals of now at each answer, not their sum", async () => {
    const facts = { now: { sent: 5, free: 7, agents: ["a"] } };
    const { text } = exposition(facts);
    expect(numbers(await text())).toEqual(expect.arrayContaining(["sent_total 5", "free_bytes 7", 'up{agent="a"} 1']));
    facts.now = { sent: 9, free: 6, agents: ["b"] };
    const later = numbers(await text());
    expect(later).toEqual(expect.arrayContaining(["sent_total 9", "free_bytes 6", 'up{agent="b"} 1']));
    expect(later).not.toContain('up{agent="a"} 1');
  });

  it("leaves out what is not known, which is no zero", async () => {
    const text = await exposition({ now: { sent: 0, free: null, agents: [] } }).text();
    expect(numbers(text)).toContain("sent_total 0");
    expect(text).not.toContain("free_bytes");
  });

  it("counts durations in the buckets that they fit", async () => {
    const metrics = exposition({ now: { sent: 0, free: null, agents: [] } });
    const observe = metrics.observe(TOOK);
    observe(0.05);
    observe(0.5);
    observe(5);
    expect(numbers(await metrics.text())).toEqual(
      expect.arrayContaining([
        'took_seconds_bucket{le="0.1"} 1',
        'took_seconds_bucket{le="1"} 2',
        'took_seconds_bucket{le="+Inf"} 3',
        "took_seconds_sum 5.55",
        "took_seconds_count 3",
      ]),
    );
  });

  it("asks once for those who come together", async () => {
    const facts = { now: { sent: 1, free: null, agents: [] }, asked: 0 };
    const metrics = exposition(facts);
    const [first, second] = await Promise.all([metrics.text(), metrics.text()]);
    expect(first).toBe(second);
    expect(facts.asked).toBe(1);
  });

  it("escapes what a label says, so that no name can add a line", async () => {
    const { text } = exposition({ now: { sent: 0, free: null, agents: ['a"} 9\nsent_total 7'] } });
    const lines = numbers(await text());
    expect(lines.filter((line) => line.startsWith("sent_total"))).toEqual(["sent_total 0"]);
  });
});
