import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createPermutation, type Permutation } from "../../../shared/target/permutation.js";

const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });

function walk(permutation: Permutation): number[] {
  return Array.from({ length: permutation.size }, (_, i) => permutation.at(i));
}

function keyOf(n: number): Uint8Array {
  const key = new Uint8Array(16);
  new DataView(key.buffer).setUint32(0, n);
  return key;
}

test("visits every value of a small domain exactly once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), keys, (size, key) => {
      const seen = walk(createPermutation(size, key)).sort((a, b) => a - b);
      expect(seen).toEqual(Array.from({ length: size }, (_, i) => i));
    }),
  );
});

test("inverts every value, also beyond 32 bits", () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger().filter((n) => n > 2 ** 32),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      keys,
      (size, part, key) => {
        const permutation = createPermutation(size, key);
        const index = Math.floor(part * size);
        const value = permutation.at(index);
        expect(Number.isInteger(value) && value >= 0 && value < size).toBe(true);
        expect(permutation.indexOf(value)).toBe(index);
        expect(permutation.at(permutation.indexOf(index))).toBe(index);
      },
    ),
    { numRuns: 2000 },
  );
});

test("inverts the first and last places of domains around every power of two", () => {
  const sizes = fc
    .tuple(fc.integer({ min: 1, max: 53 }), fc.integer({ min: -3, max: 3 }))
    .map(([bits, beside]) => Math.min(2 ** 53, Math.max(1, 2 ** bits + beside)));
  fc.assert(
    fc.property(sizes, keys, (size, key) => {
      const permutation = createPermutation(size, key);
      for (const place of [0, 1, size - 2, size - 1].filter((n) => n >= 0 && n < size)) {
        const value = permutation.at(place);
        expect(Number.isInteger(value) && value >= 0 && value < size).toBe(true);
        expect(permutation.indexOf(value)).toBe(place);
        expect(permutation.at(permutation.indexOf(place))).toBe(place);
      }
    }),
    { numRuns: 1000 },
  );
});

test("takes domains up to 2^53", () => {
  const permutation = createPermutation(2 ** 53, keyOf(1));
  expect(permutation.indexOf(permutation.at(2 ** 53 - 1))).toBe(2 ** 53 - 1);
  expect(() => createPermutation(2 ** 53 + 2, keyOf(1))).toThrow(RangeError);
  expect(() => createPermutation(0, keyOf(1))).toThrow(RangeError);
});

test("orders differ with every byte of the key", () => {
  const orders = new Set([walk(createPermutation(64, new Uint8Array(16))).join()]);
  for (let byte = 0; byte < 16; byte++) {
    const key = new Uint8Array(16);
    key[byte] = 1;
    orders.add(walk(createPermutation(64, key)).join());
  }
  expect(orders.size).toBe(17);
});

test("all orders of four values are about equally frequent over keys", () => {
  const keysTried = 24_000;
  const counts = new Map<string, number>();
  for (let n = 0; n < keysTried; n++) {
    const order = walk(createPermutation(4, keyOf(n))).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  const expected = keysTried / 24;
  const chiSquared = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  // 23 degrees of freedom: 49.7 is exceeded by chance once in a thousand.
  expect(chiSquared).toBeLessThan(49.7);
});

test("consecutive indices fall all over the domain", () => {
  const size = 4_000_000_000;
  const permutation = createPermutation(size, keyOf(7));
  const buckets = new Array<number>(256).fill(0);
  const draws = 256 * 400;
  let nearPairs = 0;
  let before = permutation.at(0);
  for (let i = 1; i <= draws; i++) {
    const value = permutation.at(i);
    const bucket = Math.floor((value / size) * 256);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    nearPairs += Math.abs(value - before) < size / 256 ? 1 : 0;
    before = value;
  }
  const chiSquared = buckets.reduce((sum, n) => sum + (n - 400) ** 2 / 400, 0);
  // 255 degrees of freedom: 331 is exceeded by chance once in a thousand.
  expect(chiSquared).toBeLessThan(331);
  // Two random values are nearer than 1/256 of the domain with probability 2/256: 800 of these, deviation 28.
  expect(Math.abs(nearPairs - 800)).toBeLessThan(120);
});

test("refuses places outside the domain", () => {
  const permutation = createPermutation(10, keyOf(1));
  for (const place of [-1, 10, Number.NaN]) {
    expect(() => permutation.at(place)).toThrow(RangeError);
    expect(() => permutation.indexOf(place)).toThrow(RangeError);
  }
});
