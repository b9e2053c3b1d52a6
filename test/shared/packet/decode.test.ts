import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatAddress } from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { decodeIp } from "../../../shared/packet/ip.js";
import { decodeTcp, flagNames } from "../../../shared/packet/tcp.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/** From Linux 6.18. tcpdump: 198.18.0.2.8080 > 198.18.0.1.33946: Flags [P.], seq 941851428, win 63, length 5. */
const DATA_V4 = hex(`
  45000051ca9e40004006e3e0c6120002c61200011f90849a38238324f4506b98e018003f8c6b00000101080a3806c501998747571e18200d
  efc52614f42e8ac5972b903d0000000100050bc0776f726c64`);
/** tcpdump: 2001:db8::1.49432 > 2001:db8::2.8080: Flags [S], seq 1438823265, win 64800, flowlabel 0x19edd, hlim 64. */
const SYN_V6 = hex(`
  60019edd002c064020010db800000000000000000000000120010db8000000000000000000000002c1181f9055c2b36100000000b002fd20
  5ba70000020405a00402080a63d23c5c000000000103030a1e040181`);
/** tcpdump: 198.18.0.2 > 198.18.0.1: ICMP host 203.0.113.9 unreachable, tos 0xc0, quoting a SYN of 64 bytes whole. */
const UNREACHABLE_V4 = hex(`
  45c0005c899a00004001641fc6120002c61200010301b86b0000000045000040604240004006d858c6120001cb007109e9b001bb679c6981
  00000000b002faf002500000020405b40402080a2350801f000000000103030a1e040181`);
const UNREACHABLE_V6 = hex(`
  60047b73005c3a4020010db800000000000000000000000220010db800000000000000000000000101002ff300000000600162c5002c0640
  20010db800000000000000000000000120010db8000100000000000000000009d2d401bb99ae232400000000b002fd205baf0000020405a0
  0402080a305e4c7b000000000103030a1e040181`);

describe("decodePacket reads what Linux sent, as tcpdump prints it", () => {
  test("a TCP segment over IPv4", () => {
    const packet = decodePacket(DATA_V4);
    expect(packet).toMatchObject({
      kind: "tcp",
      ip: { family: 4, ttl: 64, id: 51870, dontFragment: true, moreFragments: false, totalBytes: 81, dscp: 0, ecn: 0 },
      tcp: {
        sourcePort: 8080,
        destinationPort: 33946,
        sequence: 941851428,
        acknowledgement: 4098911128,
        window: 63,
        reserved: 0,
        urgent: 0,
        checksum: 0x8c6b,
        headerBytes: 56,
        payload: Uint8Array.from(Buffer.from("world")),
      },
    });
    expect(formatAddress(packet.ip.source)).toBe("198.18.0.2");
    expect(formatAddress(packet.ip.destination)).toBe("198.18.0.1");
    expect(packet.kind === "tcp" && flagNames(packet.tcp.flags)).toEqual(["PSH", "ACK"]);
    expect(packet.kind === "tcp" && packet.tcp.options).toEqual(DATA_V4.subarray(40, 76));
  });

  test("a SYN over IPv6", () => {
    const packet = decodePacket(SYN_V6);
    expect(packet).toMatchObject({
      kind: "tcp",
      ip: { family: 6, ttl: 64, flowLabel: 0x19edd, totalBytes: 84, headerBytes: 40, fragmentOffset: 0 },
      tcp: { sourcePort: 49432, destinationPort: 8080, sequence: 1438823265, window: 64800, flags: 2 },
    });
    expect(formatAddress(packet.ip.source)).toBe("2001:db8::1");
  });

  test("an ICMP error over IPv4 with its quote", () => {
    const packet = decodePacket(UNREACHABLE_V4);
    expect(packet).toMatchObject({
      kind: "icmp-error",
      ip: { dscp: 48, dontFragment: false },
      icmp: { type: 3, code: 1 },
    });
    expect(packet.kind === "icmp-error" && packet.icmp.quote).toEqual(UNREACHABLE_V4.subarray(28));
    expect(packet.kind === "icmp-error" && packet.icmp.extensions).toHaveLength(0);
  });

  test("an ICMPv6 error with its quote", () => {
    const packet = decodePacket(UNREACHABLE_V6);
    expect(packet).toMatchObject({ kind: "icmp-error", icmp: { type: 1, code: 0 } });
    expect(packet.kind === "icmp-error" && packet.icmp.quote).toEqual(UNREACHABLE_V6.subarray(48));
  });
});

describe("decodePacket", () => {
  test("leaves out what the link layer has behind the packet", () => {
    const packet = decodePacket(Uint8Array.from([...DATA_V4, 0, 0, 0, 0]));
    expect(packet.kind === "tcp" && packet.tcp.payload).toHaveLength(5);
  });

  test("takes the payload that is there when a capture is cut short", () => {
    const packet = decodePacket(DATA_V4.subarray(0, 78));
    expect(packet.kind === "tcp" && packet.tcp.payload).toHaveLength(2);
  });

  test("takes all bytes where a total length of 0 leaves the splitting to the network card", () => {
    const bytes = DATA_V4.slice();
    bytes.fill(0, 2, 4);
    const packet = decodePacket(bytes);
    expect(packet.kind === "tcp" && packet.tcp.payload).toHaveLength(5);
  });

  test("finds TCP behind IPv4 options", () => {
    const bytes = Uint8Array.from([0x46, ...DATA_V4.subarray(1, 20), 1, 1, 1, 0, ...DATA_V4.subarray(20)]);
    bytes[3] = 85;
    expect(decodePacket(bytes)).toMatchObject({ kind: "tcp", ip: { headerBytes: 24 }, tcp: { sourcePort: 8080 } });
  });

  test("finds TCP behind IPv6 extension headers", () => {
    const hopByHop = [44, 0, 1, 4, 0, 0, 0, 0];
    const firstFragment = [60, 0, 0, 1, 0, 0, 0, 1];
    const destination = [6, 1, ...new Array(14).fill(1)];
    const bytes = Uint8Array.from([
      ...SYN_V6.subarray(0, 40),
      ...hopByHop,
      ...firstFragment,
      ...destination,
      ...SYN_V6.subarray(40),
    ]);
    bytes[5] = 0x2c + 32;
    bytes[6] = 0;
    expect(decodePacket(bytes)).toMatchObject({ kind: "tcp", ip: { headerBytes: 72 }, tcp: { destinationPort: 8080 } });
  });

  test("takes no later fragment for a segment", () => {
    const v4 = DATA_V4.slice();
    v4[7] = 2;
    expect(decodePacket(v4)).toMatchObject({ kind: "other", ip: { fragmentOffset: 16 } });
    const v6 = Uint8Array.from([...SYN_V6.subarray(0, 40), 6, 0, 0, 0x11, 0, 0, 0, 1, ...SYN_V6.subarray(40)]);
    v6[6] = 44;
    expect(decodePacket(v6)).toMatchObject({ kind: "other", ip: { fragmentOffset: 16 } });
  });

  test.each([
    ["an echo request", "08"],
    ["an echo reply", "00"],
    ["a timestamp request", "0d"],
  ])("takes %s for no error", (_name, type) => {
    const bytes = UNREACHABLE_V4.slice();
    bytes.set(hex(type), 20);
    expect(decodePacket(bytes).kind).toBe("other");
  });

  test("reads DSCP and ECN of both families", () => {
    const v4 = DATA_V4.slice();
    v4[1] = 0xb9;
    expect(decodeIp(v4)).toMatchObject({ dscp: 46, ecn: 1 });
    const v6 = SYN_V6.slice();
    v6.set([0x6b, 0x91], 0);
    expect(decodeIp(v6)).toMatchObject({ dscp: 46, ecn: 1, flowLabel: 0x19edd });
  });

  test("names all eight flags, lowest bit first, and the reserved bits", () => {
    const tcp = DATA_V4.slice(20);
    tcp.set([0xe5, 0xff], 12);
    expect(flagNames(decodeTcp(tcp).flags)).toEqual(["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]);
    expect(decodeTcp(tcp).reserved).toBe(5);
  });

  test.each([
    ["no bytes", ""],
    ["version 5", "55000014"],
    ["an IPv4 header that is cut off", "4500003c1c464000400600"],
    ["an IPv4 header length below 20", "440000281c4640004006b1e6ac100a63ac100a0c0000000000"],
    ["an IPv6 header that is cut off", "6000000000140640"],
    ["a TCP header that is cut off", "450000281c4640004006b1e6ac100a63ac100a0c0050005000000000"],
    ["an ICMP header that is cut off", "4500001c1c4640004001b1e6ac100a63ac100a0c0301"],
    ["a data offset below 5", `450000281c4640004006b1e6ac100a63ac100a0c${"00".repeat(12)}4002${"00".repeat(6)}`],
  ])("refuses %s with a DecodeError", (_what, digits) => {
    expect(() => decodePacket(hex(digits))).toThrow(DecodeError);
  });

  test("throws nothing but DecodeError, whatever the bytes", () => {
    const real = fc.constantFrom(DATA_V4, SYN_V6, UNREACHABLE_V4, UNREACHABLE_V6);
    const edits = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
    const mutated = fc.tuple(real, edits, fc.nat(140)).map(([packet, changes, cut]) => {
      const bytes = packet.slice(0, cut);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (bytes) => {
        try {
          decodePacket(bytes);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
