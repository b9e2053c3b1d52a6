import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { fold16, sum16 } from "../../../shared/packet/checksum.js";

const checksum = (bytes: Uint8Array): number => fold16(sum16(bytes, 0, bytes.length));

describe("the Internet checksum", () => {
  // RFC 1071 section 3 has the first one; all were computed with a few lines of python3 as well.
  test.each([
    ["0001f203f4f5f6f7", 0x220d],
    ["", 0xffff],
    ["ff", 0x00ff],
    ["ffff", 0x0000],
    ["010203", 0xfbfd],
    ["450000401b994000400600000a0000010a000002", 0x0b1d],
    ["4500003c1c4640004006b1e6ac100a63ac100a0c", 0x0000],
  ])("of %s is right", (digits, expected) => {
    expect(checksum(Uint8Array.from(Buffer.from(digits, "hex")))).toBe(expected);
  });

  test("of long pieces is right", () => {
    expect(checksum(new Uint8Array(131_072).fill(0xff))).toBe(0);
    expect(checksum(Uint8Array.from({ length: 1501 }, (_, i) => i & 255))).toBe(0x5d4d);
  });

  test("adds up over pieces that are cut at an even place", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(100), (bytes, half) => {
        const cut = Math.min(2 * half, bytes.length & ~1);
        const first = sum16(bytes, 0, cut);
        expect(fold16(sum16(bytes, cut, bytes.length, first))).toBe(checksum(bytes));
      }),
    );
  });

  test("makes the sum over data with its own checksum 0", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 200 }), (bytes) => {
        const even = bytes.slice(0, bytes.length & ~1);
        const own = checksum(even);
        expect(checksum(Uint8Array.from([...even, own >>> 8, own & 0xff]))).toBe(0);
      }),
    );
  });
});
