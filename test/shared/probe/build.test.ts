import { beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ipv4FromNumber, parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import { createProbeBuilder, PROBE_MAX_BYTES, type ProbeBuilder } from "../../../shared/probe/build.js";
import { createProbeFields, createProbeFieldValues, senderKey } from "../../../shared/probe/fields.js";
import { createProbeKernel } from "../../../shared/probe/kernel.js";
import { lengthIn } from "../../../shared/probe/packet-facts.js";
import { type Stage, VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import { createTarget } from "../../../shared/target/source.js";

const source4 = parseAddress("192.0.2.10");
const source6 = parseAddress("2001:db8::10");
const host4 = parseAddress("198.18.0.1");
const host6 = parseAddress("2001:2::abcd");
const secret = Uint8Array.from({ length: 16 }, (_, i) => i);
const fields = createProbeFields(secret);
const into = new Uint8Array(PROBE_MAX_BYTES);

function builder(stage: Stage): ProbeBuilder {
  return createProbeBuilder({ secret, stage, profile: "linux", source4, source6 });
}

function build(stage: Stage, address: Uint8Array, port: number, variant: Variant, ttl: number, timeMs: number): Buffer {
  return Buffer.from(into.subarray(0, builder(stage).build({ address, port }, variant, ttl, timeMs, into)));
}

function fieldsOf(stage: Stage, variant: Variant, address: Uint8Array, port: number) {
  const values = createProbeFieldValues();
  fields.compute(stage, variant, address, port, values);
  return values;
}

/** RFC 1071, the plain way: 0 when the checksum in the bytes is right. */
function ones(...pieces: Uint8Array[]): number {
  const bytes = Buffer.concat(pieces);
  let sum = 0n;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += BigInt(bytes.readUInt16BE(i));
  }
  return Number(0xffffn - (sum % 0xffffn === 0n && sum > 0n ? 0xffffn : sum % 0xffffn));
}

function pseudoHeader(packet: Buffer): Buffer {
  const ipv4 = packet[0] === 0x45;
  const addresses = ipv4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  const length = packet.length - (ipv4 ? 20 : 40);
  return Buffer.concat([addresses, Buffer.from(ipv4 ? [0, 6, 0, length] : [0, 0, 0, length, 0, 0, 0, 6])]);
}

const addresses = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((tail) => {
    const address = host4.slice();
    address.set(tail, 12);
    return address;
  }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);

beforeEach(() => {
  into.fill(0xee);
});

test("both checksums of every probe are right", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Stage>("synscan", "tracebox"),
      addresses,
      fc.integer({ min: 1, max: 65_535 }),
      fc.constantFrom(...VARIANTS),
      fc.integer({ min: 1, max: 63 }),
      fc.integer({ min: 0, max: 2 ** 43 }),
      (stage, address, port, variant, ttl, timeMs) => {
        const packet = build(stage, address, port, variant, ttl, timeMs);
        const ipv4 = packet[0] === 0x45;
        expect(ipv4 ? ones(packet.subarray(0, 20)) : 0).toBe(0);
        expect(ones(pseudoHeader(packet), packet.subarray(ipv4 ? 20 : 40))).toBe(0);
        expect(ipv4 ? packet.readUInt16BE(2) : 40 + packet.readUInt16BE(4)).toBe(packet.length);
      },
    ),
  );
});

// Option bytes by hand from RFC 9293 (MSS), RFC 2018, RFC 7323, RFC 6824 and 8684 section 3.1, RFC 6994.
const LINUX = "020405b40402080a000003c000000000" + "01030307";

test.each([
  ["plain", LINUX],
  ["v1", `${LINUX}1e040101`],
  ["unknown-option", `${LINUX}fd045058`],
] as const)("a %s SYN has Linux's options, then its own", (variant, options) => {
  const packet = build("synscan", host4, 80, variant, 64, 15);
  expect(packet.subarray(40).toString("hex")).toBe(options);
});

test("a v0 SYN carries the target's key in a 12 byte MP_CAPABLE with flag H", () => {
  const packet = build("synscan", host4, 80, "v0", 64, 15);
  const key = senderKey(fieldsOf("synscan", "v0", host4, 80))
    .toString(16)
    .padStart(16, "0");
  expect(packet.subarray(40).toString("hex")).toBe(`${LINUX}1e0c0001${key}`);
});

test("an IPv6 SYN announces an MSS of 1440 and carries a flow label of its own", () => {
  const packet = build("synscan", host6, 443, "v1", 64, 15);
  expect(packet.subarray(60, 64).toString("hex")).toBe("020405a0");
  expect(packet.readUInt32BE(0) & 0xfffff).toBe(fieldsOf("synscan", "v1", host6, 443).flowLabel);
  expect(packet.subarray(8, 40)).toEqual(Buffer.concat([source6, host6]));
  expect([packet[6], packet[7]]).toEqual([6, 64]);
});

test("the header is that of an ordinary SYN: DSCP 0, DF, window 64240, no urgent data", () => {
  const packet = build("synscan", host4, 80, "v1", 64, 0);
  const expected = fieldsOf("synscan", "v1", host4, 80);
  expect(packet.subarray(0, 4).toString("hex")).toBe("45000040");
  expect(packet.subarray(6, 10).toString("hex")).toBe("40004006");
  expect(packet.subarray(12, 20)).toEqual(Buffer.from([192, 0, 2, 10, 198, 18, 0, 1]));
  expect(packet.readUInt16BE(20)).toBe(expected.sourcePort);
  expect(packet.readUInt16BE(22)).toBe(80);
  expect(packet.readUInt32BE(24)).toBe(expected.sequence);
  expect(packet.readUInt32BE(28)).toBe(0);
  expect(packet.subarray(32, 36).toString("hex")).toBe("b002faf0");
  expect(packet.readUInt16BE(38)).toBe(0);
});

test("a traceroute probe carries its TTL in the header, the IPID and TSval, and nothing else differs", () => {
  const first = build("tracebox", host4, 80, "v0", 5, 1_700_000_000_123.9);
  const second = build("tracebox", host4, 80, "v0", 63, 1_700_000_000_123.2);
  expect([first[8], first.readUInt16BE(4) & 63, first.readUInt32BE(48) & 63]).toEqual([5, 5, 5]);
  expect([second[8], second.readUInt16BE(4) & 63, second.readUInt32BE(48) & 63]).toEqual([63, 63, 63]);
  expect(first.readUInt32BE(48) >>> 6).toBe(1_700_000_000_123 % 2 ** 26);
  const differing = [...first.keys()].filter((i) => first[i] !== second[i]);
  expect(differing).toEqual([5, 8, 10, 11, 37, 51]);
});

test("no TTL is written into the IPID and TSval of a SYN scan", () => {
  const packet = build("synscan", host4, 80, "v1", 41, 1);
  expect(packet[8]).toBe(41);
  expect(packet.readUInt16BE(4)).toBe(fieldsOf("synscan", "v1", host4, 80).ipIdHigh << 6);
  expect(packet.readUInt32BE(48)).toBe(1 << 6);
});

test("source ports lie in four ranges, one per variant", () => {
  for (const [i, variant] of VARIANTS.entries()) {
    for (let port = 1; port < 500; port++) {
      const { sourcePort } = fieldsOf("synscan", variant, host4, port);
      expect(Math.floor((sourcePort - 61_000) / 1134)).toBe(i);
    }
  }
});

test("secret, stage, variant, address and port all change the sequence number", () => {
  const other = createProbeFields(new Uint8Array(16));
  const values = createProbeFieldValues();
  other.compute("synscan", "v0", host4, 80, values);
  const sequences = [
    values.sequence,
    fieldsOf("synscan", "v0", host4, 80).sequence,
    fieldsOf("tracebox", "v0", host4, 80).sequence,
    fieldsOf("synscan", "v1", host4, 80).sequence,
    fieldsOf("synscan", "v0", host4, 81).sequence,
    fieldsOf("synscan", "v0", host4, 80 + 256).sequence,
    fieldsOf("synscan", "v0", host6, 80).sequence,
  ];
  expect(new Set(sequences).size).toBe(sequences.length);
});

// SipHash-1-3 of ::ffff:198.18.0.1 and 00 01 0050 under 00..0f, printed by openssl: 1683E23D 7468DADD C1567DA0 C06B430F.
test("fields are the bytes of the hash as the format says", () => {
  const values = fieldsOf("synscan", "v1", host4, 80);
  expect(values).toEqual({
    sequence: 0x1683e23d,
    // Bytes 74 68, the lower first.
    sourcePort: 61_000 + 1134 + Math.floor((0x6874 * 1134) / 65_536),
    ipIdHigh: 0xdadd >>> 6,
    flowLabel: 0x8dadd,
    keyHigh: 0xc1567da0,
    keyLow: 0xc06b430f,
  });
  expect(senderKey(values)).toBe(0xc1567da0c06b430fn);
});

/** A batch of both families in any order, with some of the variants of each target, laid out 128 bytes apart. */
const batches = fc.array(
  fc.record({
    address: addresses,
    port: fc.integer({ min: 1, max: 65_535 }),
    variants: fc.integer({ min: 0, max: 15 }),
    ttl: fc.integer({ min: 1, max: 63 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test("a batch has the packets that each of its probes gets by itself, and touches nothing behind them", () => {
  fc.assert(
    fc.property(fc.constantFrom<Stage>("synscan", "tracebox"), batches, fc.nat(255), (stage, targets, first) => {
      const kernel = createProbeKernel({ jobs: 2, frameBytes: 256 * 128 });
      const batch = createProbeBuilder({ secret, stage, profile: "linux", source4, source6, kernel });
      const alone = builder(stage);
      kernel.useFrames(Int32Array.from({ length: 256 }, (_, i) => kernel.frames.byteOffset + i * 128 + 16));
      kernel.frames.fill(0xee);
      const expected: Buffer[] = [];
      for (const [entry, { address, port, variants, ttl }] of targets.entries()) {
        const target = createTarget();
        target.address.set(address);
        target.port = port;
        batch.add(entry, target, variants, ttl, expected.length);
        for (const variant of VARIANTS.filter((_, bit) => (variants >>> bit) & 1)) {
          expected.push(Buffer.from(into.subarray(0, alone.build({ address, port }, variant, ttl, 12_345, into))));
        }
      }
      expect(batch.write(targets.length, first, 12_345)).toBe(expected.length);
      for (const [slot, packet] of expected.entries()) {
        const number = (first + slot) % 256;
        const frame = Buffer.from(kernel.frames.subarray(number * 128, (number + 1) * 128));
        expect(lengthIn(kernel.facts[number] ?? 0)).toBe(packet.length);
        expect(frame.subarray(16, 16 + packet.length)).toEqual(packet);
        expect([...frame.subarray(0, 16), ...frame.subarray(112)].every((byte) => byte === 0xee)).toBe(true);
      }
      // Of the same packets in the same frames nothing is news.
      expect(batch.write(targets.length, first, 12_346)).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test("a run of IPv4 targets gets the probes that each of them gets by itself", () => {
  const kernel = createProbeKernel({ jobs: 1, frameBytes: 256 * 128 });
  const batch = createProbeBuilder({ secret, stage: "synscan", profile: "linux", source4, source6, kernel });
  const variants: readonly Variant[] = ["v0", "plain"];
  const bits = variants.reduce((all, variant) => all | (1 << VARIANTS.indexOf(variant)), 0);
  const [before, first, count] = [3, 10, 90];
  // Address and port in network order, as the format of a run has them.
  const targets = new Int32Array(2 * (first + count));
  const view = new DataView(targets.buffer);
  const numbers = Array.from({ length: first + count }, (_, i) => ({
    address: 0xc612_0000 + 7919 * i,
    port: 1 + 655 * i,
  }));
  for (const [i, { address, port }] of numbers.entries()) {
    view.setUint32(8 * i, address);
    view.setUint16(8 * i + 4, port);
  }
  kernel.useFrames(Int32Array.from({ length: 256 }, (_, i) => kernel.frames.byteOffset + i * 128));
  const one = createTarget();
  one.address.set(host6);
  one.port = 443;
  batch.add(0, one, 0b1101, 64, 0);
  batch.addIpv4(1, targets, 2 * first, count, bits, 64, before);
  batch.write(1 + count, 0, 1_700_000_000_000);
  for (const [i, { address, port }] of numbers.slice(first).entries()) {
    for (const [j, variant] of variants.entries()) {
      const slot = before + 2 * i + j;
      const packet = build("synscan", ipv4FromNumber(address), port, variant, 64, 1_700_000_000_000);
      expect(Buffer.from(kernel.frames.subarray(slot * 128, slot * 128 + lengthIn(kernel.facts[slot] ?? 0)))).toEqual(
        packet,
      );
    }
  }
});

test("a target of a family without source address is refused with a remedy", () => {
  const ipv4Only = createProbeBuilder({ secret, stage: "synscan", profile: "linux", source4, source6: null });
  expect(() => ipv4Only.build({ address: host6, port: 80 }, "v1", 64, 0, into)).toThrow(UserError);
  const ipv6Only = createProbeBuilder({ secret, stage: "synscan", profile: "linux", source4: null, source6 });
  expect(() => ipv6Only.addIpv4(0, new Int32Array(2), 0, 1, 1, 64, 0)).toThrow(UserError);
});
