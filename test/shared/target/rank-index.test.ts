import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createRankIndex, partOf } from "../../../shared/target/rank-index.js";

/** The last part that starts at or before `rank`, by looking at all of them. */
function expectedPart(starts: readonly number[], rank: number): number {
  return starts.filter((start) => start <= rank).length - 1;
}

const sizes = fc.oneof(fc.integer({ min: 1, max: 2 ** 32 }), fc.integer({ min: 1, max: 300 }));

test("the part of a number is the one that a look at all parts finds", () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (size, shares) => {
      const starts = [...new Set([0, ...shares.map((share) => Math.floor(share * size))])].sort((a, b) => a - b);
      const index = createRankIndex(Uint32Array.from(starts), size);
      for (const rank of [...starts.flatMap((start) => [start - 1, start, start + 1]), size - 1]) {
        if (rank >= 0 && rank < size) {
          expect(partOf(index, rank)).toBe(expectedPart(starts, rank));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("thousands of parts side by side in one corner are told apart, and the table stays small", () => {
  const size = 2 ** 32;
  const starts = Uint32Array.from({ length: 20_000 }, (_, i) => (i === 0 ? 0 : 4_000_000_000 + 3 * i));
  const index = createRankIndex(starts, size);
  for (const part of [1, 2, 9_999, 19_999]) {
    const start = starts[part] ?? 0;
    expect(partOf(index, start)).toBe(part);
    expect(partOf(index, start - 1)).toBe(part - 1);
  }
  expect(partOf(index, size - 1)).toBe(19_999);
  expect(index.parts.length).toBeLessThanOrEqual(65_537);
});
