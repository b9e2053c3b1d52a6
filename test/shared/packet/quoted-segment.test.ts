import { describe, expect, it } from "@jest/globals";
import { decodePacket } from "../../../shared/packet/decode.js";
import { createQuotedSegment, readQuotedSegment } from "../../../shared/packet/quoted-segment.js";

const QUOTED_V4 = [0x45, 0, 0, 44, 0x12, 0x45, 0x40, 0, 1, 6, 0, 0, 192, 0, 2, 1, 198, 18, 0, 9];
const QUOTED_V6 = [
  ...[0x60, 0, 0, 1, 0, 24, 6, 1],
  ...[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x20, 1, 0x0d, 0xb8, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
];
const TCP = [0xee, 0x48, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0x60, 2, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5, 180];

function ipv4(body: readonly number[]): Uint8Array {
  const bytes = 20 + body.length;
  return Uint8Array.of(
    0x45,
    0,
    bytes >>> 8,
    bytes & 255,
    0,
    0,
    0,
    0,
    250,
    1,
    0,
    0,
    203,
    0,
    113,
    5,
    192,
    0,
    2,
    1,
    ...body,
  );
}

function ipv6(body: readonly number[]): Uint8Array {
  const from = [0x20, 1, 0x0d, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
  const to = QUOTED_V6.slice(8, 24);
  return Uint8Array.of(0x60, 0, 0, 0, body.length >>> 8, body.length & 255, 58, 60, ...from, ...to, ...body);
}

const PLAIN_V4 = ipv4([11, 0, 0, 0, 0, 0, 0, 0, ...QUOTED_V4, ...TCP]);
const PLAIN_V6 = ipv6([3, 0, 0, 0, 0, 0, 0, 0, ...QUOTED_V6, ...TCP]);

describe("a quoted segment", () => {
  it.each([
    ["IPv4", PLAIN_V4],
    ["IPv6", PLAIN_V6],
  ])("of %s has what the full decoder finds", (_family, bytes) => {
    const quoted = createQuotedSegment();
    expect(readQuotedSegment(bytes, quoted)).toBe(true);
    const packet = decodePacket(bytes);
    if (packet.kind !== "icmp-error") throw new Error(packet.kind);
    expect([...quoted.router]).toEqual([...packet.ip.source]);
    expect(quoted).toMatchObject({
      family: packet.ip.family,
      replyTtl: packet.ip.ttl,
      icmpType: packet.icmp.type,
      icmpCode: 0,
      sourcePort: 0xee48,
      destinationPort: 80,
      id: packet.ip.family === 4 ? 0x1245 : 0,
    });
    expect([...bytes.subarray(quoted.quoteAt, quoted.quoteEnd)]).toEqual([...packet.icmp.quote]);
    const inner = decodePacket(packet.icmp.quote);
    expect([...quoted.destination]).toEqual([...inner.ip.destination]);
  });

  it("ends where the packet ends, not where the frame does", () => {
    const quoted = createQuotedSegment();
    readQuotedSegment(Uint8Array.of(...PLAIN_V4, 0, 0, 0), quoted);
    expect(quoted.quoteEnd).toBe(PLAIN_V4.length);
  });

  const change = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
    const changed = bytes.slice();
    changed[at] = value;
    return changed;
  };
  it.each<[string, Uint8Array]>([
    ["an unreachable", change(PLAIN_V4, 20, 3)],
    ["an echo reply", change(PLAIN_V6, 40, 129)],
    ["a segment", change(PLAIN_V4, 9, 6)],
    ["a fragment", change(PLAIN_V4, 6, 0x20)],
    ["an error with a length field (RFC 4884)", change(PLAIN_V4, 25, 11)],
    ["the same over IPv6", change(PLAIN_V6, 44, 8)],
    ["a quoted header with options", change(PLAIN_V4, 28, 0x46)],
    ["a quoted UDP packet", change(PLAIN_V4, 37, 17)],
    ["a quoted extension header", change(PLAIN_V6, 54, 0)],
    ["a quoted fragment", change(PLAIN_V4, 35, 1)],
    ["a quote that ends in the ports", PLAIN_V4.subarray(0, 50)],
    [
      "a quote that is padded, perhaps for extensions",
      ipv4([11, 0, 0, 0, 0, 0, 0, 0, ...QUOTED_V4, ...TCP, ...Array(84).fill(0)]),
    ],
    ["nothing", new Uint8Array(0)],
    ["another version", change(PLAIN_V4, 0, 0x55)],
  ])("is not %s", (_name, bytes) => {
    expect(readQuotedSegment(bytes, createQuotedSegment())).toBe(false);
  });
});
