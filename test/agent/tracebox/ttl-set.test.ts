import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  hasTtl,
  highBelow,
  highBit,
  highestTtl,
  lowBelow,
  lowBit,
  nextTtl,
  sizeOf,
} from "../../../agent/tracebox/ttl-set.js";

const ttls = fc.uniqueArray(fc.integer({ min: 1, max: 63 }));
const wordsOf = (set: readonly number[]): [number, number] => [
  set.reduce((all, ttl) => all | lowBit(ttl), 0),
  set.reduce((all, ttl) => all | highBit(ttl), 0),
];

describe("a set of TTLs in two words", () => {
  it("has what was put in, and knows its size and its highest", () => {
    fc.assert(
      fc.property(ttls, (set) => {
        const [low, high] = wordsOf(set);
        for (let ttl = 1; ttl <= 63; ttl++) expect(hasTtl(low, high, ttl)).toBe(set.includes(ttl));
        expect(sizeOf(low, high)).toBe(set.length);
        expect(highestTtl(low, high)).toBe(Math.max(0, ...set));
      }),
    );
  });

  it("names the next of its TTLs, round the end", () => {
    fc.assert(
      fc.property(ttls, fc.integer({ min: 0, max: 63 }), (set, start) => {
        const sorted = [...set].sort((a, b) => a - b);
        const expected = sorted.find((ttl) => ttl >= start) ?? sorted[0] ?? 0;
        expect(nextTtl(...wordsOf(set), start)).toBe(expected);
      }),
    );
  });

  it("is cut below any TTL up to one beyond the last", () => {
    for (let end = 1; end <= 64; end++) {
      const below = Array.from({ length: 63 }, (_, i) => i + 1).filter((ttl) =>
        hasTtl(lowBelow(end), highBelow(end), ttl),
      );
      expect(below).toEqual(Array.from({ length: end - 1 }, (_, i) => i + 1));
    }
  });
});
