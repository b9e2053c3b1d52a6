import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { DecodeError } from "../../../shared/errors.js";
import type { CapturedPacket } from "../../../shared/pcap/captured.js";
import { createBytesInput } from "../../../shared/pcap/input.js";
import { readCapture } from "../../../shared/pcap/reader.js";
import { block, classicCapture, enhancedPacket, interfaceDescription, numbers, sectionHeader } from "./captures.js";

const IPV4 = Buffer.from("4500001c0001000040060000c6120001c61200020102030405060708", "hex");
const IPV6 = Buffer.from(
  `600000000008064020010db8${"00".repeat(11)}0120010db8${"00".repeat(11)}020102030405060708`,
  "hex",
);
const MACS = Buffer.from("020000000001020000000002", "hex");
const frame = (...parts: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part)));

/** What was yielded, and the error that came then. */
function read(bytes: Uint8Array): { packets: CapturedPacket[]; error: unknown } {
  const packets: CapturedPacket[] = [];
  try {
    for (const { timestampUs, packet } of readCapture(createBytesInput(bytes))) {
      packets.push({ timestampUs, packet: packet.slice() });
    }
  } catch (error) {
    return { packets, error };
  }
  return { packets, error: null };
}

const bytesOf = (packet: Uint8Array): Uint8Array => Uint8Array.from(packet);

describe("readCapture of a pcap file", () => {
  test.each([
    ["little-endian, microseconds", true, false, 123_456],
    ["big-endian, microseconds", false, false, 123_456],
    ["little-endian, nanoseconds", true, true, 123_456_789],
    ["big-endian, nanoseconds", false, true, 123_456_789],
  ])("yields time and packet: %s", (_name, littleEndian, nanoseconds, fraction) => {
    const file = classicCapture({ littleEndian, nanoseconds }, [1_795_437_754, fraction, IPV4], [2 ** 32 - 1, 0, IPV6]);
    expect(read(file)).toEqual({
      packets: [
        { timestampUs: 1_795_437_754_123_456, packet: bytesOf(IPV4) },
        { timestampUs: 4_294_967_295_000_000, packet: bytesOf(IPV6) },
      ],
      error: null,
    });
  });

  test.each<[string, number, Uint8Array, Uint8Array | null]>([
    ["Ethernet with IPv4", 1, frame(MACS, "0800", IPV4), IPV4],
    ["Ethernet with IPv6", 1, frame(MACS, "86dd", IPV6), IPV6],
    ["Ethernet with a VLAN tag", 1, frame(MACS, "8100000a0800", IPV4), IPV4],
    ["Ethernet with two VLAN tags", 1, frame(MACS, "88a80064", "8100000a", "86dd", IPV6), IPV6],
    ["Ethernet with ARP", 1, frame(MACS, "0806", "0001080006040001"), null],
    ["an Ethernet frame that is cut off", 1, MACS, null],
    ["an Ethernet header alone", 1, frame(MACS, "0800"), null],
    ["raw IP", 101, IPV6, IPV6],
    ["raw IP as 12", 12, IPV4, IPV4],
    ["raw IP as 14", 14, IPV4, IPV4],
    ["no IP where raw IP should be", 101, frame("00"), null],
    ["IPv4 alone", 228, IPV4, IPV4],
    ["IPv6 alone", 229, IPV6, IPV6],
    ["Linux cooked", 113, frame("00000001000602000000000100000800", IPV4), IPV4],
    ["Linux cooked with a VLAN tag", 113, frame("00000001000602000000000100008100", "000a86dd", IPV6), IPV6],
    ["Linux cooked with ARP", 113, frame("00000001000602000000000100000806", IPV4), null],
    ["Linux cooked 2", 276, frame("86dd0000000000020001000602000000000100" + "00", IPV6), IPV6],
    ["BSD loopback, little-endian family", 0, frame("02000000", IPV4), IPV4],
    ["BSD loopback, big-endian family", 0, frame("0000001c", IPV6), IPV6],
    ["OpenBSD loopback", 108, frame("00000002", IPV4), IPV4],
    ["an empty frame", 0, frame(""), null],
  ])("finds the packet in %s", (_name, linkType, bytes, packet) => {
    const { packets, error } = read(classicCapture({ linkType }, [0, 0, bytes]));
    expect(error).toBeNull();
    expect(packets.map((captured) => captured.packet)).toEqual(packet === null ? [] : [bytesOf(packet)]);
  });

  test("ignores what the upper bits of the link type say of checksums", () => {
    const file = classicCapture({ linkType: 0x4400_0065 }, [0, 0, IPV4]);
    expect(read(file).packets).toHaveLength(1);
  });

  test("throws a DecodeError naming the offset, behind the whole packets, where the file is truncated", () => {
    const file = classicCapture({}, [1, 0, IPV4], [2, 0, IPV4]);
    const secondAt = 24 + 16 + 28;
    for (let length = secondAt + 1; length < file.length; length++) {
      const { packets, error } = read(file.subarray(0, length));
      expect(packets).toHaveLength(1);
      expect(error).toBeInstanceOf(DecodeError);
      const offset = length <= secondAt + 15 ? secondAt : secondAt + 16;
      expect(String(error)).toContain(`truncated at offset ${offset}:`);
    }
  });

  test("refuses a record that is longer than any packet, before it asks for the memory", () => {
    const file = classicCapture({}, [1, 0, IPV4]);
    const broken = Buffer.concat([file, numbers(true, [4, 0], [4, 0], [4, 0xffff_ffff], [4, 0xffff_ffff])]);
    const { packets, error } = read(broken);
    expect(packets).toHaveLength(1);
    expect(String(error)).toContain(`broken record at offset ${file.length}: 4294967295 bytes`);
  });

  test("names a link type that it does not know", () => {
    expect(String(read(classicCapture({ linkType: 105 })).error)).toContain("link type 105 at offset 20 is not known");
  });
});

describe.each([
  ["little-endian", true],
  ["big-endian", false],
])("readCapture of a %s pcapng file", (_name, little) => {
  const units = 1_795_437_754_123_456n;

  test("yields the packets of enhanced blocks in the link type of their interface", () => {
    const file = Buffer.concat([
      sectionHeader(little),
      interfaceDescription(little, 1, 0),
      interfaceDescription(little, 101, 0),
      enhancedPacket(little, 1, units, IPV6),
      enhancedPacket(little, 0, units, frame(MACS, "0800", IPV4)),
    ]);
    expect(read(file)).toEqual({
      packets: [
        { timestampUs: Number(units), packet: bytesOf(IPV6) },
        { timestampUs: Number(units), packet: bytesOf(IPV4) },
      ],
      error: null,
    });
  });

  test.each<[string, number, bigint, bigint]>([
    ["nanoseconds", 9, units * 1000n + 999n, units],
    ["milliseconds", 3, units / 1000n, (units / 1000n) * 1000n],
    ["seconds", 0, 1_795_437_754n, 1_795_437_754_000_000n],
    ["1/1024 of a second", 0x8a, 1_795_437_754n * 1024n + 512n, 1_795_437_754_500_000n],
  ])("reads times in %s", (_unit, resolution, written, expected) => {
    const file = Buffer.concat([
      sectionHeader(little),
      interfaceDescription(little, 101, 0, [2, Buffer.from("eth0")], [9, Buffer.from([resolution])]),
      enhancedPacket(little, 0, written, IPV4),
    ]);
    expect(read(file).packets[0]?.timestampUs).toBe(Number(expected));
  });

  test("adds the offset of an interface's clock", () => {
    const file = Buffer.concat([
      sectionHeader(little),
      interfaceDescription(little, 101, 0, [14, numbers(little, [8, 1_795_437_000n])]),
      enhancedPacket(little, 0, 754_123_456n, IPV4),
    ]);
    expect(read(file).packets[0]?.timestampUs).toBe(Number(units));
  });

  test("yields simple packets without a time, cut at the snap length", () => {
    const simple = block(little, 3, numbers(little, [4, 40]), IPV4.subarray(0, 24));
    const file = Buffer.concat([sectionHeader(little), interfaceDescription(little, 101, 24), simple]);
    expect(read(file).packets).toEqual([{ timestampUs: null, packet: bytesOf(IPV4.subarray(0, 24)) }]);
  });

  test("passes over other blocks and interfaces without IP", () => {
    const file = Buffer.concat([
      sectionHeader(little),
      interfaceDescription(little, 105, 0),
      interfaceDescription(little, 101, 0),
      block(little, 4, Buffer.alloc(8)),
      enhancedPacket(little, 0, units, IPV4),
      enhancedPacket(little, 1, units, IPV6),
      block(little, 5, Buffer.alloc(12)),
    ]);
    expect(read(file)).toEqual({ packets: [{ timestampUs: Number(units), packet: bytesOf(IPV6) }], error: null });
  });

  test("starts with new interfaces in a section of the other byte order", () => {
    const file = Buffer.concat([
      sectionHeader(little),
      interfaceDescription(little, 1, 0),
      sectionHeader(!little),
      interfaceDescription(!little, 101, 0),
      enhancedPacket(!little, 0, units, IPV4),
    ]);
    expect(read(file).packets).toEqual([{ timestampUs: Number(units), packet: bytesOf(IPV4) }]);
  });

  test("throws a DecodeError naming an offset, behind the whole packets, wherever the file is cut", () => {
    const head = Buffer.concat([sectionHeader(little), interfaceDescription(little, 101, 0)]);
    const first = Buffer.concat([head, enhancedPacket(little, 0, units, IPV4)]);
    const file = Buffer.concat([first, enhancedPacket(little, 0, units, IPV6)]);
    for (let length = 1; length < file.length; length++) {
      const { packets, error } = read(file.subarray(0, length));
      expect(packets).toHaveLength(length < first.length ? 0 : 1);
      if (length === 28 || length === head.length || length === first.length) {
        expect(error).toBeNull();
      } else {
        expect(error).toBeInstanceOf(DecodeError);
        expect(String(error)).toMatch(/truncated at offset \d+:/);
      }
    }
  });

  test.each<[string, Uint8Array, string]>([
    [
      "whose two lengths differ",
      Buffer.concat([numbers(little, [4, 5], [4, 16], [4, 0], [4, 20])]),
      "its two lengths differ",
    ],
    ["of an impossible length", numbers(little, [4, 5], [4, 13], [4, 0], [4, 13]), "length 13"],
    ["that is too long", numbers(little, [4, 5], [4, 0xffff_fffc]), "length 4294967292"],
    ["of an unknown interface", enhancedPacket(little, 3, units, IPV4), "unknown interface"],
    [
      "with more packet than block",
      block(little, 6, numbers(little, [8, 0], [4, 0], [4, 9], [4, 9], [4, 0])),
      "9 bytes",
    ],
  ])("names the offset of a block %s", (_what, broken, problem) => {
    const head = Buffer.concat([sectionHeader(little), interfaceDescription(little, 101, 0)]);
    const { error } = read(Buffer.concat([head, broken]));
    expect(error).toBeInstanceOf(DecodeError);
    expect(String(error)).toContain(problem);
    expect(String(error)).toContain(`offset ${head.length}`);
  });
});

describe("readCapture", () => {
  test.each([
    ["a gzip file", "1f8b0800", "neither pcap nor pcapng: magic number 1f8b0800 at offset 0"],
    ["text", Buffer.from("hello world").toString("hex"), "neither pcap nor pcapng: magic number 68656c6c at offset 0"],
    ["an empty file", "", "truncated at offset 0"],
    ["three bytes", "d4c3b2", "truncated at offset 0"],
  ])("refuses %s", (_what, digits, problem) => {
    const { error } = read(Buffer.from(digits, "hex"));
    expect(error).toBeInstanceOf(DecodeError);
    expect(String(error)).toContain(problem);
  });

  test("throws nothing but DecodeError, whatever the bytes", () => {
    const files = [
      classicCapture({}, [1, 0, IPV4], [2, 0, IPV6]),
      classicCapture({ linkType: 1, littleEndian: false }, [1, 0, frame(MACS, "8100000a0800", IPV4)]),
      Buffer.concat([
        sectionHeader(true),
        interfaceDescription(true, 101, 0, [9, Buffer.from([9])], [14, Buffer.alloc(8)]),
        enhancedPacket(true, 0, 1n, IPV4),
        block(true, 3, numbers(true, [4, 28]), IPV4),
      ]),
    ];
    const edits = fc.array(fc.tuple(fc.nat(170), fc.nat(255)), { maxLength: 5 });
    const mutated = fc.tuple(fc.constantFrom(...files), edits, fc.nat(200)).map(([file, changes, cut]) => {
      const bytes = Uint8Array.from(file).subarray(0, cut);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const { error } = read(bytes);
        if (error !== null) expect(error).toBeInstanceOf(DecodeError);
      }),
      { numRuns: 10_000 },
    );
  });
});
