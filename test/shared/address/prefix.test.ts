import { BlockList } from "node:net";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatAddress, ipv4FromNumber, parseAddress } from "../../../shared/address/address.js";
import { formatPrefix, parsePrefix, prefixContains } from "../../../shared/address/prefix.js";
import { DecodeError } from "../../../shared/errors.js";

describe("parsePrefix", () => {
  test.each([
    ["198.18.0.0/15", 4, 15, "198.18.0.0/15"],
    ["0.0.0.0/0", 4, 0, "0.0.0.0/0"],
    ["198.18.0.1", 4, 32, "198.18.0.1/32"],
    ["2001:0DB8::/32", 6, 32, "2001:db8::/32"],
    ["::/0", 6, 0, "::/0"],
    ["2001:db8::1", 6, 128, "2001:db8::1/128"],
  ] as const)("reads %s", (text, family, length, canonical) => {
    const prefix = parsePrefix(text);
    expect(prefix).toMatchObject({ family, length });
    expect(formatPrefix(prefix)).toBe(canonical);
  });

  test.each([
    ["198.18.0.1/15", "has bits set behind its length"],
    ["2001:db8::1/127", "has bits set behind its length"],
    ["128.0.0.0/0", "has bits set behind its length"],
    ["198.18.0.0/33", "is not an IP prefix"],
    ["2001:db8::/129", "is not an IP prefix"],
    ["198.18.0.0/", "is not an IP prefix"],
    ["198.18.0.0/-1", "is not an IP prefix"],
    ["198.18.0.0/1e1", "is not an IP prefix"],
    ["198.18.0.0/15/16", "is not an IP prefix"],
    ["198.18.0/15", '"198.18.0" is not an IP address'],
    ["", "is not an IP address"],
  ])("refuses %s: %s", (text, problem) => {
    expect(() => parsePrefix(text)).toThrow(DecodeError);
    expect(() => parsePrefix(text)).toThrow(problem);
  });
});

describe("prefixContains", () => {
  test.each([
    ["198.18.0.0/15", "198.19.255.255", true],
    ["198.18.0.0/15", "198.20.0.0", false],
    ["198.18.0.0/15", "198.17.255.255", false],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "198.18.0.1", false],
    ["::/0", "::1", true],
    ["2001:db8::/33", "2001:db8:7fff::", true],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["2001:db8::1/128", "2001:db8::1", true],
    ["2001:db8::1/128", "2001:db8::", false],
  ])("%s and %s: %s", (prefix, address, inside) => {
    expect(prefixContains(parsePrefix(prefix), parseAddress(address))).toBe(inside);
  });

  test("agrees with Node's BlockList on IPv4 prefixes of every length", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 32 }), fc.nat(31), (value, length, bit) => {
        const base = (value & (-1 << (32 - length))) >>> 0;
        const prefix = parsePrefix(`${formatAddress(ipv4FromNumber(base))}/${length}`);
        const list = new BlockList();
        list.addSubnet(formatAddress(prefix.address), length, "ipv4");
        const near = ipv4FromNumber((value ^ (1 << bit)) >>> 0);
        expect(prefixContains(prefix, near)).toBe(list.check(formatAddress(near), "ipv4"));
      }),
      { numRuns: 1000 },
    );
  });
});
