import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseAddress } from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { encodeIcmpErrorPacket, encodeTcpPacket } from "../../../shared/packet/encode.js";
import { verifyChecksums } from "../../../shared/packet/verify.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/**
 * Sent by Linux 6.18 with checksum offload off; `tcpdump -vv` finds no wrong checksum in them, and a few lines of
 * python3 agree.
 */
const DATA_V4 = hex(`
  45000055b86440004006f616c6120002c61200011f908af2e51d9b47768637f0f018003f723700000101080abad94ddf90c5a2e21e1a200f
  5d0e6da6447581cc5e0ea741490985d90000000100050101776f726c64`);
const SYN_V6 = hex(`
  600da747002c064020010db800000000000000000000000120010db80000000000000000000000028ed61f904f612cf700000000b002fd20
  de320000020405a00402080ab1200660000000000103030a1e040101`);
const UNREACHABLE_V4 = hex(`
  45c0005c899a00004001641fc6120002c61200010301b86b0000000045000040604240004006d858c6120001cb007109e9b001bb679c6981
  00000000b002faf002500000020405b40402080a2350801f000000000103030a1e040181`);
const UNREACHABLE_V6 = hex(`
  60047b73005c3a4020010db800000000000000000000000220010db800000000000000000000000101002ff300000000600162c5002c0640
  20010db800000000000000000000000120010db8000100000000000000000009d2d401bb99ae232400000000b002fd205baf0000020405a0
  0402080a305e4c7b000000000103030a1e040181`);
const CAPTURED = [
  ["a TCP segment over IPv4", DATA_V4],
  ["a SYN over IPv6", SYN_V6],
  ["an ICMP error", UNREACHABLE_V4],
  ["an ICMPv6 error", UNREACHABLE_V6],
] as const;

/** Writes a decoded packet again. */
function encoded(bytes: Uint8Array): Uint8Array {
  const packet = decodePacket(bytes);
  if (packet.kind === "tcp") return encodeTcpPacket(packet.ip, packet.tcp);
  if (packet.kind === "icmp-error") {
    const { type, code, quote } = packet.icmp;
    return encodeIcmpErrorPacket(packet.ip, { type, code, quote });
  }
  throw new Error("neither TCP nor an ICMP error");
}

describe("encoding", () => {
  test.each(CAPTURED)("gives the bytes that Linux sent: %s", (_what, bytes) => {
    expect(encoded(bytes)).toEqual(bytes);
  });

  test("is undone by decoding, for every field of a TCP packet", () => {
    const u = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
    const fields = fc.record({
      family: fc.constantFrom<4 | 6>(4, 6),
      ip: fc.record({ ttl: u(8), dscp: u(6), ecn: u(2), id: u(16), dontFragment: fc.boolean(), flowLabel: u(20) }),
      tcp: fc.record({
        sourcePort: u(16),
        destinationPort: u(16),
        sequence: u(32),
        acknowledgement: u(32),
        flags: u(8),
        reserved: u(4),
        window: u(16),
        urgent: u(16),
        options: fc.nat(10).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words })),
        payload: fc.uint8Array({ maxLength: 20 }),
      }),
    });
    fc.assert(
      fc.property(fields, ({ family, ip, tcp }) => {
        const source = parseAddress(family === 4 ? "192.0.2.1" : "2001:db8::1");
        const destination = parseAddress(family === 4 ? "198.18.0.1" : "2001:2::1");
        const bytes = encodeTcpPacket({ source, destination, ...ip }, tcp);
        const { ttl, dscp, ecn, id, dontFragment, flowLabel } = ip;
        const own = family === 4 ? { id, dontFragment } : { flowLabel };
        expect(decodePacket(bytes)).toMatchObject({
          kind: "tcp",
          ip: { family, source, destination, ttl, dscp, ecn, ...own, totalBytes: bytes.length },
          tcp,
        });
        expect(verifyChecksums(bytes)).toEqual({ ip: family === 4 ? true : null, transport: true });
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [4, 11, 5],
    [6, 3, 4],
  ] as const)("pads a quote in front of extensions and says how long it is (RFC 4884), IPv%i", (family, type, at) => {
    const bytes = family === 4 ? UNREACHABLE_V4 : UNREACHABLE_V6;
    const { ip } = decodePacket(bytes);
    const extensions = hex("20002dbd 00080101 0001f140");
    for (const quoteBytes of [64, 128, 131]) {
      const quote = new Uint8Array(quoteBytes).fill(7);
      const error = encodeIcmpErrorPacket(ip, { type, code: 0, quote, extensions });
      const padded =
        family === 4 ? Math.max(128, Math.ceil(quoteBytes / 4) * 4) : Math.max(128, Math.ceil(quoteBytes / 8) * 8);
      expect((error[ip.headerBytes + at] ?? 0) * (family === 4 ? 4 : 8)).toBe(padded);
      const decoded = decodePacket(error);
      expect(decoded.kind === "icmp-error" && decoded.icmp.extensions).toEqual(extensions);
      expect(decoded.kind === "icmp-error" && decoded.icmp.quote).toEqual(
        Uint8Array.from([...quote, ...new Array<number>(padded - quoteBytes).fill(0)]),
      );
    }
  });

  test("refuses options that no header has room for, or that are no whole words", () => {
    const { ip } = decodePacket(DATA_V4);
    const tcp = { sourcePort: 1, destinationPort: 2, sequence: 3, flags: 2 };
    for (const length of [3, 44]) {
      expect(() => encodeTcpPacket(ip, { ...tcp, options: new Uint8Array(length) })).toThrow(RangeError);
    }
  });
});

describe("decoding", () => {
  test("takes all bytes where an IPv6 length of 0 leaves the splitting to the network card", () => {
    const bytes = SYN_V6.slice();
    bytes.fill(0, 4, 6);
    expect(decodePacket(bytes)).toMatchObject({ kind: "tcp", tcp: { destinationPort: 8080 } });
  });

  test("takes the data of a later IPv6 fragment for no header", () => {
    const dataLikeDestinationOptions = [6, 0, 1, 4, 0, 0, 0, 0];
    const fragmentHeader = [60, 0, 0, 0x11, 0, 0, 0, 1];
    const bytes = Uint8Array.from([...SYN_V6.subarray(0, 40), ...fragmentHeader, ...dataLikeDestinationOptions]);
    bytes.set([0, 16, 44], 4);
    const { kind, ip } = decodePacket(bytes);
    expect({ kind, headerBytes: ip.headerBytes, moreFragments: ip.moreFragments }).toEqual({
      kind: "other",
      headerBytes: 48,
      moreFragments: true,
    });
  });
});

describe("verifyChecksums", () => {
  test.each(CAPTURED)("finds every change of a bit: %s", (_what, bytes) => {
    const isIpv4 = bytes[0] === 0x45;
    expect(verifyChecksums(bytes)).toEqual({ ip: isIpv4 ? true : null, transport: true });
    for (let bit = 8 * (isIpv4 ? 20 : 40); bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice();
      changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (0x80 >>> (bit & 7));
      expect(verifyChecksums(changed).transport).toBe(false);
    }
    const changed = bytes.slice();
    changed[8] = 9;
    if (isIpv4) expect(verifyChecksums(changed).ip).toBe(false);
  });

  test("cannot tell for a packet that is cut off, is a fragment, or is of another protocol", () => {
    expect(verifyChecksums(DATA_V4.subarray(0, -1)).transport).toBeNull();
    const fragment = DATA_V4.slice();
    fragment[6] = 0x20;
    expect(verifyChecksums(fragment).transport).toBeNull();
    const firstOfMany = Uint8Array.from([...SYN_V6.subarray(0, 40), 6, 0, 0, 1, 0, 0, 0, 1, ...SYN_V6.subarray(40)]);
    firstOfMany.set([0, 0x34, 44], 4);
    expect(verifyChecksums(firstOfMany).transport).toBeNull();
    const udp = DATA_V4.slice();
    udp[9] = 17;
    expect(verifyChecksums(udp).transport).toBeNull();
  });

  test("leaves out what the link layer has behind the packet", () => {
    expect(verifyChecksums(Uint8Array.from([...DATA_V4, 9, 9]))).toEqual({ ip: true, transport: true });
  });

  test("throws nothing but DecodeError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(0x45, 0x4f, 0x60), (bytes, first) => {
        if (bytes.length > 0) bytes[0] = first;
        try {
          verifyChecksums(bytes);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
