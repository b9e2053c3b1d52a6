import { addressFamily } from "../address/address.js";
import { UserError } from "../errors.js";
import { fold16, sum16 } from "../packet/checksum.js";
import type { Target } from "../target/source.js";
import { createProbeFieldValues, type ProbeFields } from "./fields.js";
import { encodeProbeOptions, KEY_OFFSET, type OptionProfile, TS_VALUE_OFFSET } from "./profile.js";
import { type Stage, VARIANTS, type Variant } from "./variant.js";

/** The longest probe: IPv6 header, TCP header, 32 bytes of options. */
export const PROBE_MAX_BYTES = 40 + 20 + 32;

/** IPv4 TTL (IPv6 hop limit) of probes that are meant to arrive. */
export const FULL_TTL = 64;

/** What a TTL takes in TSval and IPID: 6 bits; the rest of TSval is the send time. */
const TTL_BITS = 6;
const TIME_MODULUS_MS = 2 ** (32 - TTL_BITS);

export interface ProbeBuilderOptions {
  readonly fields: ProbeFields;
  readonly stage: Stage;
  readonly profile: OptionProfile;
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
}

export interface ProbeBuilder {
  /**
   * Writes one SYN, IP header first and both checksums right, to the front of `into` (at least PROBE_MAX_BYTES) and
   * returns its length. `ttl` is 1 to 63 in tracebox, where it is also written into the IPv4 identification and TSval;
   * in synscan those bits are 0. `timeMs` is the send time, any clock with whole or fractional milliseconds; TSval
   * carries it modulo 2^26. Throws UserError when there is no source address of the target's family.
   */
  build(target: Target, variant: Variant, ttl: number, timeMs: number, into: Uint8Array): number;
}

/** All bytes of a probe that do not depend on the target, with their checksum sums. */
interface Template {
  readonly bytes: Uint8Array;
  readonly tcpOffset: number;
  readonly hasKey: boolean;
  /** Sum of the IPv4 header's 16-bit words; 0 in IPv6. */
  readonly ipSum: number;
  /** Sum over pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1) and segment. */
  readonly tcpSum: number;
}

/** Makes the probes of one stage and campaign. `build` allocates nothing. */
export function createProbeBuilder(options: ProbeBuilderOptions): ProbeBuilder {
  const { fields, stage, profile, source4, source6 } = options;
  const templates4 = source4 === null ? null : templatesByVariant((variant) => template4(source4, variant, profile));
  const templates6 = source6 === null ? null : templatesByVariant((variant) => template6(source6, variant, profile));
  const values = createProbeFieldValues();
  const carriesTtl = stage === "tracebox";

  return {
    build(target, variant, ttl, timeMs, into) {
      const { address, port } = target;
      const isIpv4 = addressFamily(address) === 4;
      const template = (isIpv4 ? templates4 : templates6)?.[variant];
      if (template === undefined) {
        throw new UserError(`no IPv${isIpv4 ? 4 : 6} source address for a probe`, {
          remedy: `give the interface an IPv${isIpv4 ? 4 : 6} address or leave such targets out`,
        });
      }
      fields.compute(stage, variant, address, port, values);
      const bytes = template.bytes;
      into.set(bytes);
      const ttlBits = carriesTtl ? ttl : 0;
      let sum = template.tcpSum;
      if (isIpv4) {
        const ipId = (values.ipIdHigh << TTL_BITS) | ttlBits;
        const destination = copyWords(address, 12, into, 16, 4);
        put16(into, 4, ipId);
        into[8] = ttl;
        put16(into, 10, fold16(template.ipSum + ipId + (ttl << 8) + destination));
        sum += destination;
      } else {
        put32(into, 0, 0x60000000 | values.flowLabel);
        into[7] = ttl;
        sum += copyWords(address, 0, into, 24, 16);
      }

      const tcp = template.tcpOffset;
      const tsValue = tsValueOf(timeMs, ttlBits);
      put16(into, tcp, values.sourcePort);
      put16(into, tcp + 2, port);
      put32(into, tcp + 4, values.sequence);
      put32(into, tcp + TS_VALUE_OFFSET, tsValue);
      sum += values.sourcePort + port + halves(values.sequence) + halves(tsValue);
      if (template.hasKey) {
        put32(into, tcp + KEY_OFFSET, values.keyHigh);
        put32(into, tcp + KEY_OFFSET + 4, values.keyLow);
        sum += halves(values.keyHigh) + halves(values.keyLow);
      }
      put16(into, tcp + 16, fold16(sum));
      return bytes.length;
    },
  };
}

function templatesByVariant(make: (variant: Variant) => Template): Readonly<Record<Variant, Template>> {
  const [v0, v1, plain, unknownOption] = VARIANTS;
  return { [v0]: make(v0), [v1]: make(v1), [plain]: make(plain), [unknownOption]: make(unknownOption) };
}

function template4(source: Uint8Array, variant: Variant, profile: OptionProfile): Template {
  const tcp = tcpTemplate(encodeProbeOptions(profile, variant, 4));
  const bytes = new Uint8Array(20 + tcp.length);
  bytes[0] = 0x45;
  put16(bytes, 2, bytes.length);
  put16(bytes, 6, 0x4000); // don't fragment
  bytes[9] = 6;
  bytes.set(source.subarray(12), 12);
  bytes.set(tcp, 20);
  return template(bytes, 20, variant, sum16(bytes, 0, 20), sum16(bytes, 12, 16));
}

function template6(source: Uint8Array, variant: Variant, profile: OptionProfile): Template {
  const tcp = tcpTemplate(encodeProbeOptions(profile, variant, 6));
  const bytes = new Uint8Array(40 + tcp.length);
  bytes[0] = 0x60;
  put16(bytes, 4, tcp.length);
  bytes[6] = 6;
  bytes.set(source, 8);
  bytes.set(tcp, 40);
  return template(bytes, 40, variant, 0, sum16(bytes, 8, 24));
}

function template(bytes: Uint8Array, tcpOffset: number, variant: Variant, ipSum: number, sourceSum: number): Template {
  const pseudoHeader = sourceSum + 6 + (bytes.length - tcpOffset);
  const tcpSum = sum16(bytes, tcpOffset, bytes.length, pseudoHeader);
  return { bytes, tcpOffset, hasKey: variant === "v0", ipSum, tcpSum };
}

function tcpTemplate(options: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + options.length);
  bytes[12] = (bytes.length / 4) << 4;
  bytes[13] = 0x02; // SYN
  put16(bytes, 14, 64_240); // the window of a Linux SYN
  bytes.set(options, 20);
  return bytes;
}

/** Copies an even number of bytes and returns the sum of their 16-bit words. */
function copyWords(from: Uint8Array, start: number, into: Uint8Array, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) {
    const high = from[start + i] ?? 0;
    const low = from[start + i + 1] ?? 0;
    into[at + i] = high;
    into[at + i + 1] = low;
    sum += (high << 8) | low;
  }
  return sum;
}

/** Send time modulo 2^26 ms in the upper 26 bits; by floor, as `%` on a fraction is a call of C's fmod. */
function tsValueOf(timeMs: number, ttlBits: number): number {
  const inModulus = timeMs - Math.floor(timeMs / TIME_MODULUS_MS) * TIME_MODULUS_MS;
  return (inModulus << TTL_BITS) | ttlBits;
}

function halves(value: number): number {
  return (value >>> 16) + (value & 0xffff);
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
