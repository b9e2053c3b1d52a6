import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DecodeError } from "../../../shared/errors.js";
import { decodePacket, type Packet } from "../../../shared/packet/decode.js";
import { createSegment, readSegment, segmentOf } from "../../../shared/packet/segment.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/** From Linux 6.18, as tcpdump prints them: a segment with 5 bytes of data over IPv4, and a SYN over IPv6. */
const DATA_V4 = hex(`
  45000051ca9e40004006e3e0c6120002c61200011f90849a38238324f4506b98e018003f8c6b00000101080a3806c501998747571e18200d
  efc52614f42e8ac5972b903d0000000100050bc0776f726c64`);
const SYN_V6 = hex(`
  60019edd002c064020010db800000000000000000000000120010db8000000000000000000000002c1181f9055c2b36100000000b002fd20
  5ba70000020405a00402080a63d23c5c000000000103030a1e040181`);

function decoded(bytes: Uint8Array): Packet | null {
  try {
    return decodePacket(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** What both ways must agree in; the options as bytes. */
function facts(bytes: Uint8Array) {
  const segment = createSegment();
  if (!readSegment(bytes, segment)) return null;
  const { bytes: all, optionsAt, optionsEnd, ...rest } = segment;
  return { ...rest, options: all.subarray(optionsAt, optionsEnd) };
}

describe("the head of a segment", () => {
  it.each([
    ["IPv4", DATA_V4],
    ["IPv6", SYN_V6],
  ])("is read from a real packet over %s as the whole decoder reads it", (_family, bytes) => {
    const packet = decodePacket(bytes);
    if (packet.kind !== "tcp") throw new Error("no segment");
    const { bytes: options, optionsAt, optionsEnd, ...rest } = segmentOf(packet.ip, packet.tcp, createSegment());

    expect(facts(bytes)).toEqual({ ...rest, options: options.subarray(optionsAt, optionsEnd) });
    expect(facts(bytes)).toMatchObject({ ttl: 64 });
  });

  it("is not read from a fragment, a packet that ends within it, or what is behind the packet's end", () => {
    const change = (bytes: Uint8Array, at: number, value: number) => bytes.map((byte, i) => (i === at ? value : byte));
    expect(facts(change(DATA_V4, 6, 0x20))).toBeNull();
    expect(facts(change(DATA_V4, 7, 0x01))).toBeNull();
    expect(facts(DATA_V4.subarray(0, 75))).toBeNull();
    expect(facts(DATA_V4.subarray(0, 76))).not.toBeNull();
    expect(facts(change(DATA_V4, 3, 75))).toBeNull();
    expect(facts(change(SYN_V6, 5, 43))).toBeNull();
    expect(facts(change(SYN_V6, 6, 0))).toBeNull();
  });

  it("is never read where the whole decoder sees something else", () => {
    const mutations = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(DATA_V4, SYN_V6), mutations, fc.nat(84), (original, changes, length) => {
        const bytes = original.slice(0, Math.max(1, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const read = facts(bytes);
        if (read === null) return;
        const packet = decoded(bytes);
        expect(packet?.kind).toBe("tcp");
        if (packet?.kind !== "tcp") return;
        expect(read).toMatchObject({
          source: packet.ip.source,
          ttl: packet.ip.ttl,
          acknowledgement: packet.tcp.acknowledgement,
          flags: packet.tcp.flags,
          options: packet.tcp.options,
        });
      }),
      { numRuns: 3_000 },
    );
  });
});
