import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseAddress } from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../../shared/probe/build.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher, type ReplyMatch } from "../../../shared/probe/match.js";
import { type Stage, VARIANTS, type Variant } from "../../../shared/probe/variant.js";

const secret = Uint8Array.from({ length: 16 }, (_, i) => 200 - i);
const fields = createProbeFields(secret);
const matcher = createReplyMatcher(fields);
const hosts = { 4: parseAddress("198.18.0.1"), 6: parseAddress("2001:2::1") } as const;
const routers = { 4: parseAddress("192.0.2.1"), 6: parseAddress("2001:db8::1") } as const;
const sources = { 4: parseAddress("192.0.2.10"), 6: parseAddress("2001:db8::10") } as const;
const TIME_MS = 1_700_000_123_456;
const TIME_26 = TIME_MS % 2 ** 26;

interface Probe {
  readonly stage: Stage;
  readonly family: 4 | 6;
  readonly variant: Variant;
  readonly port: number;
  readonly ttl: number;
}

function sent({ stage, family, variant, port, ttl }: Probe): Buffer {
  const builder = createProbeBuilder({ secret, stage, profile: "linux", source4: sources[4], source6: sources[6] });
  const into = new Uint8Array(PROBE_MAX_BYTES);
  const length = builder.build({ address: hosts[family], port }, variant, ttl, TIME_MS, into);
  return Buffer.from(into.subarray(0, length));
}

function ipHeader(family: 4 | 6, protocol: number, from: Uint8Array, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(family === 4 ? 20 : 40);
  if (family === 4) {
    header[0] = 0x45;
    header.writeUInt16BE(20 + payload.length, 2);
    header[8] = 60;
    header[9] = protocol;
    header.set(from.subarray(12), 12);
    header.set(sources[4].subarray(12), 16);
  } else {
    header[0] = 0x60;
    header.writeUInt16BE(payload.length, 4);
    header[6] = protocol;
    header[7] = 60;
    header.set(from, 8);
    header.set(sources[6], 24);
  }
  return Buffer.concat([header, payload]);
}

/** What a host answers to a SYN: flags, and timestamps echoed if asked for. */
function segment(syn: Buffer, flags: number, options: { acknowledge?: number; echo?: boolean } = {}): Buffer {
  const family = syn[0] === 0x45 ? 4 : 6;
  const tcp = syn.subarray(family === 4 ? 20 : 40);
  const reply = Buffer.alloc(options.echo ? 32 : 20);
  reply.writeUInt16BE(tcp.readUInt16BE(2), 0);
  reply.writeUInt16BE(tcp.readUInt16BE(0), 2);
  reply.writeUInt32BE(12345, 4);
  reply.writeUInt32BE((tcp.readUInt32BE(4) + (options.acknowledge ?? 1)) % 2 ** 32, 8);
  reply[12] = (reply.length / 4) << 4;
  reply[13] = flags;
  if (options.echo) {
    reply.set([1, 1, 8, 10, 0, 0, 0, 99], 20);
    tcp.copy(reply, 28, 28, 32);
  }
  return ipHeader(family, 6, hosts[family], reply);
}

/** A time exceeded of a router that quotes `quoted` bytes behind the IP header, changed by `change`. */
function timeExceeded(syn: Buffer, quoted: number, change: (quote: Buffer) => void = () => undefined): Buffer {
  const family = syn[0] === 0x45 ? 4 : 6;
  const quote = Buffer.from(syn.subarray(0, (family === 4 ? 20 : 40) + quoted));
  change(quote);
  const icmp = Buffer.concat([Buffer.from([family === 4 ? 11 : 3, 0, 0, 0, 0, 0, 0, 0]), quote]);
  return ipHeader(family, family === 4 ? 1 : 58, routers[family], icmp);
}

function match(packet: Buffer, stage: Stage): ReplyMatch | null {
  return matcher.match(decodePacket(packet), stage);
}

const SYN_ACK = 0x12;
const RST_ACK = 0x14;
const trace4: Probe = { stage: "tracebox", family: 4, variant: "v1", port: 80, ttl: 7 };
const trace6: Probe = { stage: "tracebox", family: 6, variant: "v0", port: 443, ttl: 9 };
const probes: fc.Arbitrary<Probe> = fc.record({
  stage: fc.constantFrom<Stage>("synscan", "tracebox"),
  family: fc.constantFrom<4 | 6>(4, 6),
  variant: fc.constantFrom(...VARIANTS),
  port: fc.integer({ min: 1, max: 65_535 }),
  ttl: fc.integer({ min: 1, max: 63 }),
});

describe("answers of the target", () => {
  test("a SYN/ACK with timestamps brings back variant, target, send time and, in tracebox, TTL", () => {
    fc.assert(
      fc.property(probes, (probe) => {
        expect(match(segment(sent(probe), SYN_ACK, { echo: true }), probe.stage)).toEqual({
          variant: probe.variant,
          address: hosts[probe.family],
          port: probe.port,
          ttl: probe.stage === "tracebox" ? probe.ttl : null,
          sentTimeMs26: TIME_26,
        });
      }),
    );
  });

  test("a RST/ACK without options is matched, with no TTL and no time", () => {
    expect(match(segment(sent(trace4), RST_ACK), "tracebox")).toEqual({
      variant: "v1",
      address: hosts[4],
      port: 80,
      ttl: null,
      sentTimeMs26: null,
    });
  });

  test.each([
    ["a wrong acknowledgement", segment(sent(trace4), SYN_ACK, { acknowledge: 2 })],
    ["a RST without acknowledgement", segment(sent(trace4), 0x04)],
    ["a plain ACK", segment(sent(trace4), 0x10)],
    ["an answer to a probe of another stage", segment(sent({ ...trace4, stage: "synscan" }), SYN_ACK)],
  ])("%s is no match", (_, packet) => {
    expect(match(packet, "tracebox")).toBeNull();
  });

  test("an answer to another port of the same variant is no match", () => {
    const packet = segment(sent(trace4), SYN_ACK);
    const port = packet.readUInt16BE(22);
    packet.writeUInt16BE(port === 62_134 ? port + 1 : port - 1, 22);
    expect(match(packet, "tracebox")).toBeNull();
  });

  test("a host cannot answer for its neighbour", () => {
    const packet = segment(sent(trace4), SYN_ACK);
    packet[15] = 2;
    expect(match(packet, "tracebox")).toBeNull();
  });

  test("the acknowledgement wraps at 2^32", () => {
    const wrapping = {
      ...fields,
      compute: (...args: Parameters<typeof fields.compute>) => {
        fields.compute(...args);
        args[4].sequence = 0xffff_ffff;
      },
    };
    const syn = sent(trace4);
    syn.writeUInt32BE(0xffff_ffff, 24);
    const packet = decodePacket(segment(syn, SYN_ACK));
    expect(createReplyMatcher(wrapping).match(packet, "tracebox")?.variant).toBe("v1");
  });
});

describe("quotes of routers", () => {
  test("eight quoted bytes are enough for the target, and in IPv4 for the TTL", () => {
    fc.assert(
      fc.property(probes, (probe) => {
        expect(match(timeExceeded(sent(probe), 8), probe.stage)).toEqual({
          variant: probe.variant,
          address: hosts[probe.family],
          port: probe.port,
          ttl: probe.stage === "tracebox" && probe.family === 4 ? probe.ttl : null,
          sentTimeMs26: null,
        });
      }),
    );
  });

  test("a full quote brings back TTL and send time in both families", () => {
    for (const probe of [trace4, trace6]) {
      const found = match(timeExceeded(sent(probe), 60), "tracebox");
      expect(found).toMatchObject({ ttl: probe.ttl, sentTimeMs26: TIME_26 });
    }
  });

  test("a rewritten IPID is no TTL: TSval tells it, or nothing", () => {
    const rewrite = (quote: Buffer): void => {
      quote.writeUInt16BE(quote.readUInt16BE(4) ^ 0x8015, 4);
    };
    expect(match(timeExceeded(sent(trace4), 60, rewrite), "tracebox")?.ttl).toBe(7);
    expect(match(timeExceeded(sent(trace4), 8, rewrite), "tracebox")).toMatchObject({ variant: "v1", ttl: null });
  });

  test("a source port that a NAT changed still matches by the sequence number", () => {
    for (const natPort of [1024, 61_000, 65_535]) {
      const changed = timeExceeded(sent(trace4), 8, (quote) => quote.writeUInt16BE(natPort, 20));
      expect(match(changed, "tracebox")).toMatchObject({ variant: "v1", port: 80, ttl: 7 });
    }
  });

  test("a sequence number that a firewall changed still matches by port and IPID or flow label", () => {
    const changed4 = timeExceeded(sent(trace4), 8, (quote) => quote.writeUInt32BE(1, 24));
    const changed6 = timeExceeded(sent(trace6), 8, (quote) => quote.writeUInt32BE(1, 44));
    expect(match(changed4, "tracebox")).toMatchObject({ variant: "v1", ttl: 7 });
    expect(match(changed6, "tracebox")).toMatchObject({ variant: "v0" });
  });

  test("source port alone proves nothing", () => {
    const forged4 = timeExceeded(sent(trace4), 8, (quote) => {
      quote.writeUInt32BE(1, 24);
      quote.writeUInt16BE(quote.readUInt16BE(4) ^ 0x0040, 4);
    });
    const forged6 = timeExceeded(sent(trace6), 8, (quote) => {
      quote.writeUInt32BE(1, 44);
      quote.writeUInt32BE(0x60000000, 0);
    });
    expect(match(forged4, "tracebox")).toBeNull();
    expect(match(forged6, "tracebox")).toBeNull();
  });

  test.each([
    ["fewer than eight bytes", timeExceeded(sent(trace4), 7)],
    ["no whole IP header", timeExceeded(sent(trace4), -1)],
    ["another protocol", timeExceeded(sent(trace4), 8, (quote) => quote.writeUInt8(17, 9))],
    ["a later fragment", timeExceeded(sent(trace4), 8, (quote) => quote.writeUInt16BE(1, 6))],
    ["another target", timeExceeded(sent(trace4), 8, (quote) => quote.writeUInt8(9, 19))],
    ["another target port", timeExceeded(sent(trace4), 8, (quote) => quote.writeUInt8(9, 22))],
  ])("a quote with %s is no match", (_, packet) => {
    expect(match(packet, "tracebox")).toBeNull();
  });
});

test("answers to another campaign are no match", () => {
  const stranger = createReplyMatcher(createProbeFields(new Uint8Array(16)));
  for (const packet of [
    segment(sent(trace4), SYN_ACK),
    segment(sent(trace4), RST_ACK),
    timeExceeded(sent(trace4), 60),
  ]) {
    expect(stranger.match(decodePacket(packet), "tracebox")).toBeNull();
  }
});

test("no bytes make the matcher throw", () => {
  const templates = [
    segment(sent(trace4), SYN_ACK, { echo: true }),
    timeExceeded(sent(trace4), 60),
    timeExceeded(sent(trace6), 60),
  ];
  const edits = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...templates), edits, fc.nat(140), (template, changes, length) => {
      const packet = Buffer.from(template.subarray(0, length));
      for (const [at, value] of changes) {
        if (at < packet.length) packet[at] = value;
      }
      try {
        match(packet, "tracebox");
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 2000 },
  );
});
