import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parsePrefix } from "../../../shared/address/prefix.js";
import {
  createRangeSet,
  type Ipv4Range,
  rangeOfPrefix,
  subtractRanges,
  unionRanges,
} from "../../../shared/target/ranges.js";

/** Ranges in a small corner of the address space, so that they meet often; and the set they should make. */
const CORNER = 64;
const ranges = fc.array(
  fc
    .tuple(fc.nat(CORNER - 1), fc.nat(CORNER - 1))
    .map(([a, b]): Ipv4Range => ({ first: Math.min(a, b), last: Math.max(a, b) })),
  { maxLength: 8 },
);

function members(list: readonly Ipv4Range[]): number[] {
  return Array.from({ length: CORNER }, (_, i) => i).filter((i) => list.some((r) => r.first <= i && i <= r.last));
}

test("ranges are merged where they overlap or touch", () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const set = createRangeSet(list);
      expect(members(set.ranges)).toEqual(members(list));
      for (const [i, range] of set.ranges.entries()) {
        expect(range.first).toBeGreaterThan((set.ranges[i - 1]?.last ?? -2) + 1);
      }
    }),
  );
});

test("union and difference are those of the sets", () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const inB = new Set(members(b));
      expect(members(unionRanges(a, b).ranges)).toEqual(members([...a, ...b]));
      expect(members(subtractRanges(a, b).ranges)).toEqual(members(a).filter((i) => !inB.has(i)));
    }),
  );
});

test("ranks number the members in order", () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const set = createRangeSet(list);
      const all = members(list);
      expect(set.size).toBe(all.length);
      expect(all.map((_, rank) => set.addressAtRank(rank))).toEqual(all);
      for (let address = 0; address < CORNER; address++) {
        expect(set.rankOf(address)).toBe(all.indexOf(address));
        expect(set.contains(address)).toBe(all.includes(address));
      }
    }),
  );
});

test("the whole address space has 2^32 members", () => {
  const all = createRangeSet([{ first: 0, last: 2 ** 32 - 1 }]);
  expect(all.size).toBe(2 ** 32);
  expect(all.addressAtRank(2 ** 32 - 1)).toBe(2 ** 32 - 1);
  const holed = subtractRanges(all.ranges, [{ first: 0x0a000000, last: 0x0affffff }]);
  expect(holed.size).toBe(2 ** 32 - 2 ** 24);
  expect(holed.addressAtRank(0x0a000000)).toBe(0x0b000000);
  expect(holed.rankOf(0xffffffff)).toBe(2 ** 32 - 2 ** 24 - 1);
});

test("a prefix is the range of its addresses", () => {
  expect(rangeOfPrefix(parsePrefix("198.18.0.0/15"))).toEqual({ first: 0xc6120000, last: 0xc613ffff });
  expect(rangeOfPrefix(parsePrefix("0.0.0.0/0"))).toEqual({ first: 0, last: 0xffffffff });
  expect(rangeOfPrefix(parsePrefix("255.255.255.255/32"))).toEqual({ first: 0xffffffff, last: 0xffffffff });
  expect(() => rangeOfPrefix(parsePrefix("2001:db8::/32"))).toThrow(RangeError);
});

test("bad ranges and ranks are refused", () => {
  for (const range of [
    { first: 2, last: 1 },
    { first: -1, last: 1 },
    { first: 0, last: 2 ** 32 },
    { first: 0.5, last: 1 },
  ]) {
    expect(() => createRangeSet([range])).toThrow(RangeError);
  }
  const set = createRangeSet([{ first: 5, last: 6 }]);
  expect(() => set.addressAtRank(2)).toThrow(RangeError);
  expect(() => set.addressAtRank(-1)).toThrow(RangeError);
});
