import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { createTarget } from "../../../shared/target/source.js";
import { createSpaceSource } from "../../../shared/target/space.js";

const permutationKey = Uint8Array.from({ length: 16 }, (_, i) => i * 3);
const into = createTarget();
const ranges = [
  { first: 0xc6120000, last: 0xc6120063 },
  { first: 0xc6130000, last: 0xc6130031 },
];

test("every address is asked at every port exactly once", () => {
  const source = createSpaceSource({ ranges, ports: [80, 443, 8443], permutationKey });
  const seen = new Set<string>();
  for (let index = 0; index < source.size; index++) {
    source.targetAt(index, into);
    seen.add(`${formatAddress(into.address)} ${into.port}`);
  }
  const expected = ranges.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i).flatMap((n) =>
      [80, 443, 8443].map((port) => `198.${(n >>> 16) & 255}.0.${n & 255} ${port}`),
    ),
  );
  expect(source.size).toBe(450);
  expect([...seen].sort()).toEqual(expected.sort());
});

test("indexOf is the inverse of targetAt, over all of IPv4 and several ports", () => {
  const source = createSpaceSource({ ranges: [{ first: 0, last: 2 ** 32 - 1 }], ports: [80, 443, 22], permutationKey });
  expect(source.size).toBe(3 * 2 ** 32);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (part) => {
      const index = Math.floor(part * source.size);
      source.targetAt(index, into);
      expect(source.indexOf(into.address, into.port)).toBe(index);
    }),
    { numRuns: 1000 },
  );
});

test("what was in the target object before leaves no trace", () => {
  const source = createSpaceSource({ ranges, ports: [80], permutationKey });
  const dirty = createTarget();
  dirty.address.fill(0xab);
  dirty.port = 9;
  source.targetAt(3, dirty);
  source.targetAt(3, into);
  expect(dirty).toEqual(into);
});

test("targets outside the source have index -1", () => {
  const source = createSpaceSource({ ranges, ports: [80], permutationKey });
  expect(source.indexOf(parseAddress("198.18.0.100"), 80)).toBe(-1);
  expect(source.indexOf(parseAddress("198.18.0.1"), 81)).toBe(-1);
  // Its last four bytes are those of a target.
  expect(source.indexOf(parseAddress("2001:db8::c612:1"), 80)).toBe(-1);
});

test("no targets, and ports that are doubled or out of range, are refused", () => {
  expect(() => createSpaceSource({ ranges: [], ports: [80], permutationKey })).toThrow(RangeError);
  for (const ports of [[], [80, 80], [0], [65_536], [65_616, 80]]) {
    expect(() => createSpaceSource({ ranges, ports, permutationKey })).toThrow(RangeError);
  }
});
