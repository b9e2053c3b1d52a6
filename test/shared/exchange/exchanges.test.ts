import { describe, expect, it } from "@jest/globals";
import { formatAddress } from "../../../shared/address/address.js";
import { createProbeBook } from "../../../shared/exchange/probe-book.js";
import { createExchangeCounts, readExchanges } from "../../../shared/exchange/read-exchanges.js";
import { sentSyn } from "../../../shared/exchange/sent-syn.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { createBytesInput } from "../../../shared/pcap/input.js";
import { readCapture } from "../../../shared/pcap/reader.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../../shared/probe/build.js";
import {
  answer,
  captureOf,
  changed,
  expired,
  MSS,
  SOURCE,
  SOURCE6,
  syn,
  TARGET,
  TARGET6,
  turnedAway,
  V0,
} from "./conversation.js";

/** Every answer with the TTL, source port and sequence number of the probe that it was paired with. */
function pairs(...packets: readonly Uint8Array[]) {
  const counts = createExchangeCounts();
  const file = captureOf(...packets.map((packet, i) => [1_000_000 + i * 1_000, packet] as const));
  const found = [];
  for (const event of readExchanges(readCapture(createBytesInput(file)), counts)) {
    if (event.kind === "probe") continue;
    const { syn: probe, from, packet, rttUs, isRepeated } = event;
    const { sourcePort, sequence, variant } = probe;
    const responder = formatAddress(packet.ip.source);
    found.push({ from, responder, ttl: probe.ip.ttl, sourcePort, sequence, variant, rttUs, isRepeated });
  }
  return { found, counts };
}

const ttlsOf = ({ found }: ReturnType<typeof pairs>): number[] => found.map(({ ttl }) => ttl);
/** RFC 792: eight bytes behind the IP header. */
const SHORT = { bytes: 8 };

describe("answers find their probes", () => {
  it("by IPID where a tool changes nothing else from TTL to TTL, however short the quote and in whatever order", () => {
    const probes = [1, 2, 3].map((ttl) => syn({ ttl, id: 100 + ttl }));
    const [first, second, third] = probes as [Uint8Array, Uint8Array, Uint8Array];
    const read = pairs(...probes, expired(third, 3, SHORT), expired(first, 1, SHORT), expired(second, 2, SHORT));
    expect(ttlsOf(read)).toEqual([3, 1, 2]);
    expect(read.found[0]).toMatchObject({
      from: "time-exceeded",
      responder: "192.0.2.3",
      rttUs: 1_000,
      isRepeated: false,
    });
    expect(read.counts).toEqual({ probes: 3, otherSyns: 0, unpaired: 0 });
  });

  it("by IPID also where a router quotes it in the wrong byte order", () => {
    const probes = [1, 2].map((ttl) => syn({ ttl, id: 0x1200 + ttl }));
    const swapped = expired(probes[0] as Uint8Array, 1, SHORT, changed("ip", 4, 0x01, 0x12));
    expect(ttlsOf(pairs(...probes, swapped))).toEqual([1]);
  });

  it("by source port where a tool has one for each TTL, and by sequence number where it has that", () => {
    const byPort = [1, 2, 3].map((ttl) => syn({ ttl, sourcePort: 50_000 + ttl }));
    expect(ttlsOf(pairs(...byPort, ...byPort.map((probe, i) => expired(probe, i + 1, SHORT))))).toEqual([1, 2, 3]);
    const bySequence = [1, 2, 3].map((ttl) => syn({ ttl, sequence: 1_000 * ttl }));
    expect(ttlsOf(pairs(...bySequence, ...bySequence.map((probe, i) => expired(probe, i + 1, SHORT))))).toEqual([
      1, 2, 3,
    ]);
  });

  it("by timestamps where a router has rewritten the IPID, and over IPv6", () => {
    for (const family of [4, 6] as const) {
      const builder = createProbeBuilder({
        ...{ secret: new Uint8Array(16), stage: "tracebox", profile: "linux", source4: SOURCE, source6: SOURCE6 },
      });
      const target = { address: family === 4 ? TARGET : TARGET6, port: 80 };
      const bytes = new Uint8Array(PROBE_MAX_BYTES);
      const probes = [1, 2, 3].map((ttl) => bytes.slice(0, builder.build(target, "v1", ttl, 5_000, bytes)));
      const arrive = family === 4 ? changed("ip", 4, 0, 0) : undefined;
      const errors = probes.map((probe, i) => expired(probe, i + 1, {}, arrive));
      expect(ttlsOf(pairs(...probes, ...errors.reverse()))).toEqual([3, 2, 1]);
    }
  });

  it("where a translator changed source address and port, and where a firewall changed the sequence number", () => {
    const probes = [1, 2].map((ttl) => syn({ ttl, id: ttl }));
    const translated = (packet: Uint8Array) => changed("tcp", 0, 0x30, 0x39)(changed("ip", 12, 100, 64, 0, 9)(packet));
    const errors = probes.map((probe, i) => expired(probe, i + 1, SHORT, translated));
    expect(ttlsOf(pairs(...probes, ...errors))).toEqual([1, 2]);
    const shifted = probes.map((probe, i) => expired(probe, i + 1, SHORT, changed("tcp", 4, 9, 9, 9, 9)));
    expect(ttlsOf(pairs(...probes, ...shifted))).toEqual([1, 2]);
  });

  it("does not take another connection's quote or answer", () => {
    const other = syn({ sourcePort: 41_000, sequence: 8, id: 55 });
    const { found, counts } = pairs(syn({}), expired(other, 1, SHORT), answer(other, "SYN/ACK"));
    expect(found).toEqual([]);
    expect(counts.unpaired).toBe(2);
  });

  it("by the timestamp that a host echoes, and without one by the time that the way takes", () => {
    const ts = (value: number, echo: number) => [1, 1, 8, 10, 0, 0, 0, value, 0, 0, 0, echo];
    const probes = [1, 2, 3, 4].map((ttl) => syn({ ttl, id: ttl, options: [...MSS, ...ts(ttl, 0)] }));
    const third = probes[2] as Uint8Array;
    expect(ttlsOf(pairs(...probes, answer(third, "SYN/ACK", ts(50, 3))))).toEqual([3]);
    // One router answers after 1 ms; a reset 1 ms after TTL 3 was sent, while TTL 2 stays silent.
    const [one, two] = probes as [Uint8Array, Uint8Array];
    const read = pairs(one, expired(one, 1), two, syn({ ttl: 9, sourcePort: 1 }), third, answer(third, "RST"));
    expect(ttlsOf(read)).toEqual([1, 3]);
  });

  it("knows an answer that comes again", () => {
    const probe = syn({});
    const { found } = pairs(probe, answer(probe, "SYN/ACK"), answer(probe, "SYN/ACK"), probe, turnedAway(probe, 3));
    expect(found.map(({ isRepeated }) => isRepeated)).toEqual([false, true, false]);
    // Two of a trace's probes got through, and nothing tells which is answered: the host has said what it says.
    const [third, fourth] = [3, 4].map((ttl) => syn({ ttl, id: ttl })) as [Uint8Array, Uint8Array];
    const twice = pairs(third, fourth, answer(third, "RST"), answer(fourth, "RST")).found;
    expect(twice.map(({ isRepeated }) => isRepeated)).toEqual([false, true]);
    expect(new Set(twice.map(({ ttl }) => ttl)).size).toBe(1);
  });
});

describe("a SYN of a capture", () => {
  const read = (bytes: Uint8Array) => {
    const packet = decodePacket(bytes);
    if (packet.kind !== "tcp") throw new Error("no SYN");
    return sentSyn(bytes, packet.ip, packet.tcp, 0);
  };

  it("is a probe of the variant that its options make it", () => {
    const variantOf = (...options: number[]) => read(syn({ options }))?.variant;
    expect(variantOf(...V0)).toBe("v0");
    expect(variantOf(30, 4, 0x01, 0x01)).toBe("v1");
    expect(variantOf(...MSS)).toBe("plain");
    expect(variantOf(...MSS, 253, 4, 0x50, 0x58)).toBe("unknown-option");
    expect(read(syn({ options: V0 }))?.question.sentKey()).toBe(0xffff_ffff_ffff_ffffn);
  });

  it("is none where it asks to join a connection, or is cut off", () => {
    expect(read(syn({ options: [30, 12, 0x10, 1, 0, 0, 0, 1, 0, 0, 0, 2] }))).toBeNull();
    expect(read(syn({}).subarray(0, 44))).toBeNull();
  });
});

it("a book of probes forgets the oldest when it is full, and keeps as many as it was told to", () => {
  const book = createProbeBook(2);
  const probes = [1, 2, 3, 4, 5].map((port) => syn({ port }));
  for (const bytes of probes) {
    const { ip, tcp } = decodePacket(bytes) as Extract<ReturnType<typeof decodePacket>, { kind: "tcp" }>;
    const probe = sentSyn(bytes, ip, tcp, 0);
    if (probe !== null) book.add(probe);
  }
  const known = probes.map((quote) => book.quotedBy(quote) !== null);
  expect(known).toEqual([false, false, true, true, true]);
});
