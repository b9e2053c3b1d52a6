import { swapBytes } from "../byte-order.js";
import { createSipHash20 } from "./siphash.js";
import { STAGES, type Stage, VARIANTS, type Variant } from "./variant.js";

/** What a TTL takes in TSval and IPID: 6 bits; the rest of TSval is the send time. */
export const TTL_BITS = 6;
export const TTL_MASK = (1 << TTL_BITS) - 1;

/** Source ports of probes: 61000 to 65535, split by variant, so that variants never share a connection on a host. */
export const FIRST_SOURCE_PORT = 61_000;
const PORTS_PER_VARIANT = 1134;

/** The keyed fields of one probe. The same for every agent of a campaign and for every TTL of a trace. */
export interface ProbeFieldValues {
  /** TCP sequence number, unsigned 32 bits. */
  sequence: number;
  sourcePort: number;
  /** Upper 10 bits of the IPv4 identification; the lower 6 carry the TTL. */
  ipIdHigh: number;
  /** IPv6 flow label, 20 bits. */
  flowLabel: number;
  /** MPTCP v0 sender's key: first and last four bytes as sent, big-endian. */
  keyHigh: number;
  keyLow: number;
}

/** Derives the fields of a probe from its campaign's secret; computes the same values to send and to validate. */
export interface ProbeFields {
  /** `address` has 16 bytes. Fills `into`; allocates nothing. */
  compute(stage: Stage, variant: Variant, address: Uint8Array, port: number, into: ProbeFieldValues): void;
}

/** Stage and variant as one number. */
export function probeKind(stage: Stage, variant: Variant): number {
  return STAGES.indexOf(stage) | (VARIANTS.indexOf(variant) << 8);
}

/** The first of the ports that probes of a variant are sent from. */
export function firstSourcePort(variant: Variant): number {
  return FIRST_SOURCE_PORT + VARIANTS.indexOf(variant) * PORTS_PER_VARIANT;
}

/**
 * Fields as bytes of SipHash-1-3-128 under `secret` (16 bytes) over address, stage number, variant number and port
 * (big-endian): an answer that carries them back proves the probe was seen, without any state here. The address comes
 * first because the probes of a target have it in common. Sequence number (bytes 0 to 3), flow label (the lowest 20 bits
 * of bytes 4 to 7), IPID (the upper 10 of bytes 6 and 7) and key (bytes 8 to 15) are sent as the hash has them; bytes 4
 * and 5, little-endian, scaled to the variant's range, are the source port.
 */
export function createProbeFields(secret: Uint8Array): ProbeFields {
  const hash = createSipHash20(secret, 1, 3);
  return {
    compute(stage, variant, address, port, into) {
      const words = hash(
        word(address, 0),
        word(address, 4),
        word(address, 8),
        word(address, 12),
        probeKind(stage, variant) | ((port >>> 8) << 16) | ((port & 0xff) << 24),
      );
      const word1 = words[1] as number;
      const sent1 = swapBytes(word1);
      into.sequence = swapBytes(words[0] as number) >>> 0;
      into.sourcePort = firstSourcePort(variant) + (((word1 & 0xffff) * PORTS_PER_VARIANT) >>> 16);
      into.ipIdHigh = (sent1 >>> 6) & 0x3ff;
      into.flowLabel = sent1 & 0xfffff;
      into.keyHigh = swapBytes(words[2] as number) >>> 0;
      into.keyLow = swapBytes(words[3] as number) >>> 0;
    },
  };
}

export function createProbeFieldValues(): ProbeFieldValues {
  return { sequence: 0, sourcePort: 0, ipIdHigh: 0, flowLabel: 0, keyHigh: 0, keyLow: 0 };
}

/** The variant that sends from `sourcePort`, or null when no probe does. */
export function variantOfSourcePort(sourcePort: number): Variant | null {
  return VARIANTS[Math.floor((sourcePort - FIRST_SOURCE_PORT) / PORTS_PER_VARIANT)] ?? null;
}

/** The MPTCP v0 sender's key as a number: the eight bytes of the option in network order. */
export function senderKey(values: ProbeFieldValues): bigint {
  return (BigInt(values.keyHigh) << 32n) | BigInt(values.keyLow);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
