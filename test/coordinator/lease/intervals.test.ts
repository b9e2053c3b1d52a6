import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addInterval, type Intervals, sizeOf, takeFirst, takeFrom } from "../../../coordinator/lease/intervals.js";

const pieces = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 8 }))
    .map(([from, size]) => ({ from, to: from + size })),
  { maxLength: 12 },
);

function members(intervals: Intervals): number[] {
  return intervals.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
}

describe("interval sets", () => {
  it("hold exactly what was added, ascending, apart and without overlap", () => {
    fc.assert(
      fc.property(pieces, (added) => {
        const set = added.reduce<Intervals>(addInterval, []);

        expect(members(set)).toEqual([...new Set(members(added))].sort((a, b) => a - b));
        expect(sizeOf(set)).toBe(members(set).length);
        expect(set.every(({ from }, i) => i === 0 || from > (set[i - 1]?.to ?? from))).toBe(true);
      }),
    );
  });

  it("give the lowest indices first, at most as many as wanted", () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 50 }), (added, size) => {
        const set = added.reduce<Intervals>(addInterval, []);
        const part = takeFirst(set, size);

        expect(part === null).toBe(set.length === 0);
        if (part !== null) {
          expect([...members([part.taken]), ...members(part.rest)]).toEqual(members(set));
          expect(sizeOf([part.taken])).toBeLessThanOrEqual(size);
        }
      }),
    );
  });

  it("give the indices from one on that follow one another, if they have it", () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 50 }), (added, from, size) => {
        const set = added.reduce<Intervals>(addInterval, []);
        const part = takeFrom(set, from, size);
        const all = new Set(members(set));
        const wanted = Array.from({ length: size }, (_, i) => from + i);
        const end = wanted.findIndex((index) => !all.has(index));

        expect(part === null ? [] : members([part.taken])).toEqual(end < 0 ? wanted : wanted.slice(0, end));
        if (part !== null) {
          const both = [...members([part.taken]), ...members(part.rest)];
          expect(both.sort((a, b) => a - b)).toEqual(members(set));
          expect(part.rest.every((interval) => interval.from < interval.to)).toBe(true);
        }
      }),
    );
  });
});
