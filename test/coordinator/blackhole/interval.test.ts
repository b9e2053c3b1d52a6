import { describe, expect, it } from "@jest/globals";
import { pairedDifference, wilson } from "../../../coordinator/blackhole/interval.js";

describe("Wilson's interval", () => {
  // R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is the published one", (hits, trials, low, high) => {
    const found = wilson(hits, trials);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
    expect(found.value).toBe(hits / trials);
  });
});

/** The same numbers in every run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("the difference of paired shares", () => {
  it.each([
    [0, 0.02, 500],
    [0.01, 0.02, 2_000],
    [0.1, 0.05, 200],
  ])(
    "covers a true rate of %d with %d of packets lost among %i targets about 95 times in 100",
    (rate, loss, targets) => {
      const random = randomOf(7);
      const rounds = 1_000;
      let covered = 0;
      for (let round = 0; round < rounds; round++) {
        const pairs = { both: 0, onlyFirst: 0, onlySecond: 0 };
        for (let i = 0; i < targets; i++) {
          const control = random() >= loss;
          const option = random() >= rate && random() >= loss;
          if (control && option) pairs.both++;
          else if (control) pairs.onlyFirst++;
          else if (option) pairs.onlySecond++;
        }
        // Silent pairs are not seen: among the others the true difference is this.
        const seen = 1 - loss * (1 - (1 - rate) * (1 - loss));
        const truth = (1 - loss - (1 - rate) * (1 - loss)) / seen;
        const { low, high } = pairedDifference(pairs);
        if (low <= truth && truth <= high) covered++;
      }
      expect(covered / rounds).toBeGreaterThan(0.93);
      expect(covered / rounds).toBeLessThan(0.99);
    },
  );

  it("does not take loss for blocking, and knows little from few pairs", () => {
    expect(pairedDifference({ both: 960, onlyFirst: 20, onlySecond: 20 }).value).toBe(0);
    const { low, high } = pairedDifference({ both: 10, onlyFirst: 0, onlySecond: 0 });
    expect([low < -0.2, high > 0.2]).toEqual([true, true]);
    expect(pairedDifference({ both: 900, onlyFirst: 100, onlySecond: 0 }).low).toBeGreaterThan(0.07);
  });
});
