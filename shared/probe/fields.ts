import { createSipHash20 } from "./siphash.js";
import { STAGES, type Stage, VARIANTS, type Variant } from "./variant.js";

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

/**
 * Fields as words of SipHash-2-4-128 under `secret` (16 bytes) over address, stage number, variant number and port
 * (big-endian): an answer that carries them back proves the probe was seen, without any state here. The address comes
 * first because the probes of a target have it in common.
 */
export function createProbeFields(secret: Uint8Array): ProbeFields {
  const hash = createSipHash20(secret);
  return {
    compute(stage, variant, address, port, into) {
      const variantNumber = VARIANTS.indexOf(variant);
      const words = hash(
        word(address, 0),
        word(address, 4),
        word(address, 8),
        word(address, 12),
        probeKind(stage, variant) | ((port >>> 8) << 16) | ((port & 0xff) << 24),
      );
      const word1 = words[1] as number;
      into.sequence = words[0] as number;
      into.sourcePort =
        FIRST_SOURCE_PORT + variantNumber * PORTS_PER_VARIANT + (((word1 & 0xffff) * PORTS_PER_VARIANT) >>> 16);
      into.ipIdHigh = (word1 >>> 16) & 0x3ff;
      into.flowLabel = word1 >>> 12;
      into.keyHigh = words[2] as number;
      into.keyLow = words[3] as number;
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
