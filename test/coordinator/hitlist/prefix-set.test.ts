import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createPrefixSet } from "../../../coordinator/hitlist/prefix-set.js";
import { type Prefix, prefixContains } from "../../../shared/address/prefix.js";

/** Few different bytes, so that prefixes and addresses meet. */
const address = fc
  .array(fc.constantFrom(0x00, 0x01, 0x80, 0xff), { minLength: 15, maxLength: 15 })
  .map((bytes) => Uint8Array.from([0x20, ...bytes]));
const prefix = fc.tuple(address, fc.integer({ min: 0, max: 128 })).map(
  ([base, length]): Prefix => ({
    family: 6,
    length,
    address: base.map((byte, i) => byte & (0xff00 >>> Math.min(8, Math.max(0, length - 8 * i)))),
  }),
);

describe("a set of IPv6 prefixes", () => {
  it("covers an address exactly when one of the prefixes contains it", () => {
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 12 }), fc.array(address, { minLength: 1 }), (prefixes, addresses) => {
        const set = createPrefixSet(prefixes);
        for (const one of [...addresses, ...prefixes.map((each) => each.address)]) {
          expect(set.covers(one)).toBe(prefixes.some((each) => prefixContains(each, one)));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("covers nothing when it is empty, or has IPv4 prefixes only", () => {
    const mapped = new Uint8Array(16).fill(0xff, 10, 12);
    expect(createPrefixSet([{ family: 4, length: 0, address: mapped }]).covers(mapped)).toBe(false);
  });
});
