import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { diffQuote } from "../../../shared/quote/diff.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/** SYNs of Linux with MP_CAPABLE v1, 64 and 84 bytes. */
const SYN_V4 = hex(`
  45000040604240004006d858c6120001cb007109
  e9b001bb679c698100000000b002faf002500000
  020405b4 0402 080a2350801f00000000 01 03030a 1e040181`);
const SYN_V6 = hex(`
  600162c5002c064020010db800000000000000000000000120010db8000100000000000000000009
  d2d401bb99ae232400000000b002fd205baf0000
  020405a0 0402 080a305e4c7b00000000 01 03030a 1e040181`);

function flipped(packet: Uint8Array, bit: number): Uint8Array {
  return packet.with(bit >>> 3, (packet[bit >>> 3] ?? 0) ^ (0x80 >>> (bit & 7)));
}

/** Bits that are not looked at (RFC 791, RFC 8200, RFC 9293): first, and behind the last. */
const UNSEEN = {
  4: [
    [64, 72],
    [80, 96],
    [8 * 36, 8 * 38],
  ],
  6: [
    [56, 64],
    [8 * 56, 8 * 58],
  ],
} as const;

/** Bits whose change makes the quote another kind of packet: version and header length, protocol, fragment offset. */
const OTHER_PACKET = { 4: [0, 1, 2, 3, 4, 5, 6, 7], 6: [0, 1, 2, 3] } as const;

describe("the first difference between probe and quote", () => {
  test.each([
    [4, SYN_V4],
    [6, SYN_V6],
  ] as const)("is the bit that was changed, and none where TTL or checksums were, IPv%i", (family, sent) => {
    for (let bit = 0; bit < 8 * sent.length; bit++) {
      if ((OTHER_PACKET[family] as readonly number[]).includes(bit)) continue;
      const isUnseen = UNSEEN[family].some(([first, end]) => bit >= first && bit < end);
      expect([bit, diffQuote(sent, flipped(sent, bit)).firstDifferenceBit]).toEqual([bit, isUnseen ? null : bit]);
    }
  });

  test("is the first of several", () => {
    fc.assert(
      fc.property(fc.constantFrom(SYN_V4, SYN_V6), fc.nat(1000), fc.nat(1000), (sent, one, other) => {
        const family = sent === SYN_V4 ? 4 : 6;
        // Behind the first checksum, and up to the second.
        const bits = [one, other].map((at) => 8 * (family === 4 ? 12 : 8) + (at % (8 * 24)));
        const quote = bits.reduce(flipped, sent);
        const found = bits[0] === bits[1] ? null : Math.min(...bits);
        expect(diffQuote(sent, quote).firstDifferenceBit).toBe(found);
      }),
    );
  });

  test("is found in what a short quote shows, and nowhere behind it", () => {
    const changed = flipped(SYN_V4, 8 * 40);
    expect(diffQuote(SYN_V4, changed.subarray(0, 41)).firstDifferenceBit).toBe(320);
    expect(diffQuote(SYN_V4, changed.subarray(0, 40)).firstDifferenceBit).toBeNull();
  });

  test("is the length, where an option was cut out", () => {
    const removed = Uint8Array.from([...SYN_V4.subarray(0, 60)])
      .with(3, 60)
      .with(32, 0xa0);
    // 64 became 60: 0x40 and 0x3c differ from their second bit on.
    expect(diffQuote(SYN_V4, removed)).toMatchObject({ mptcp: "stripped-removed", firstDifferenceBit: 25 });
  });

  test("is none in padding, and none in numbers that a router quotes in the wrong byte order", () => {
    const padded = new Uint8Array(128);
    padded.set(SYN_V4.subarray(0, 28));
    expect(diffQuote(SYN_V4, padded).firstDifferenceBit).toBeNull();
    const turned = SYN_V4.slice();
    for (const at of [2, 4, 6]) turned.subarray(at, at + 2).reverse();
    expect(diffQuote(SYN_V4, turned)).toMatchObject({ changes: [], firstDifferenceBit: null });
    expect(diffQuote(SYN_V4, turned.with(63, 0)).firstDifferenceBit).toBe(8 * 63);
  });
});
