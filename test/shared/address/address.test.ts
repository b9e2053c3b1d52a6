import { isIP } from "node:net";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  addressFamily,
  formatAddress,
  ipv4FromNumber,
  ipv4ToNumber,
  parseAddress,
  sameAddress,
} from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";

const anyAddress = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Addresses with runs of zeros, where the text form has its rules. */
const sparseAddress = fc
  .array(fc.oneof(fc.constant(0), fc.constant(1), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((words) => Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff])));

describe("formatAddress", () => {
  test.each([
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", "drops leading zeros (RFC 5952 section 4.1)"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1", "shortens as much as possible (4.2.1)"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "leaves a single zero group alone (4.2.2)"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "shortens the longest run (4.2.3)"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "shortens the first of two equal runs (4.2.3)"],
    ["2001:DB8::ABCD", "2001:db8::abcd", "writes lower case (4.3)"],
    ["::", "::", "writes the unspecified address"],
    ["0:0:0:0:0:0:0:1", "::1", "writes the loopback address"],
    ["2001:db8::", "2001:db8::", "writes a run at the end"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "writes an address without zeros"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221", "reads a dotted quad at the end"],
    ["::ffff:198.18.0.1", "198.18.0.1", "writes a mapped address as a dotted quad"],
    ["255.255.255.255", "255.255.255.255", "writes IPv4"],
  ])("of %s is %s: %s", (text, canonical) => {
    expect(formatAddress(parseAddress(text))).toBe(canonical);
  });

  test("is what parseAddress reads, for every address", () => {
    fc.assert(
      fc.property(fc.oneof(anyAddress, sparseAddress), (address) => {
        const text = formatAddress(address);
        expect(isIP(text)).toBe(addressFamily(address));
        expect(parseAddress(text)).toEqual(address);
      }),
      { numRuns: 2000 },
    );
  });

  test("agrees with the URL parser's form of every IPv6 address", () => {
    fc.assert(
      fc.property(sparseAddress, (address) => {
        fc.pre(addressFamily(address) === 6);
        const text = formatAddress(address);
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("parseAddress", () => {
  test.each([
    "",
    "198.18.0",
    "198.18.0.256",
    "198.18.0.01",
    "1:2:3",
    "2001:db8::1::2",
    "fe80::1%eth0",
    "a.b.c.d",
    " ::1",
  ])("refuses %j and names it", (text) => {
    expect(() => parseAddress(text)).toThrow(DecodeError);
    expect(() => parseAddress(text)).toThrow(`${JSON.stringify(text)} is not an IP address`);
  });

  test("throws nothing but DecodeError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."0f:.%/1 ") })), (text) => {
        try {
          expect(parseAddress(text)).toHaveLength(16);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

describe("IPv4 addresses as numbers", () => {
  test("are in network order, mapped", () => {
    expect(ipv4ToNumber(parseAddress("198.18.0.1"))).toBe(0xc6120001);
    expect(formatAddress(ipv4FromNumber(0xc6120001))).toBe("198.18.0.1");
  });

  test("overwrite whatever was in the array before", () => {
    const into = new Uint8Array(16).fill(0xaa);
    expect(ipv4FromNumber(0xffffffff, into)).toBe(into);
    expect(formatAddress(into)).toBe("255.255.255.255");
  });

  test("survive the way there and back", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        expect(ipv4ToNumber(ipv4FromNumber(value))).toBe(value);
      }),
    );
  });
});

test("sameAddress sees a difference in any byte", () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(15), fc.integer({ min: 1, max: 255 }), (address, at, flip) => {
      const other = address.slice();
      expect(sameAddress(address, other)).toBe(true);
      other[at] = (other[at] ?? 0) ^ flip;
      expect(sameAddress(address, other)).toBe(false);
    }),
  );
});
