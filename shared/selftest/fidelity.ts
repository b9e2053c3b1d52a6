import { addressFamily, formatAddress } from "../address/address.js";
import { timestampsOf } from "../option/tcp-options.js";
import { decodeIp, u8 } from "../packet/ip.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../probe/build.js";
import { TTL_BITS } from "../probe/fields.js";
import { profileFacts } from "../probe/profile.js";
import { VARIANTS, type Variant } from "../probe/variant.js";
import { diffQuote } from "../quote/diff.js";
import { type AgreedSyn, createSynMatcher, type SynExchange } from "./exchange.js";
import { type ArrivedSyn, type Fidelity, unknownFidelity } from "./self-test.js";

/** What came of an exchange with a reference. */
export interface ExchangeOutcome {
  readonly reference: string;
  readonly exchange: SynExchange;
  /** Addresses of the reference that were sent to. */
  readonly addresses: readonly Uint8Array[];
  /** Packets that it heard, from their IP headers on. */
  readonly heard: readonly Uint8Array[];
  /** When was sent, Unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The option profile that the SYNs of an exchange have. */
export const EXCHANGE_PROFILE = "linux";

/**
 * Compares what arrived with what was sent, as tracebox compares a quote with its probe. A variant of which nothing
 * arrived while its control did is blocked; of an address and port of which nothing arrived at all nothing is known.
 */
export function fidelityOf(outcome: ExchangeOutcome): Fidelity {
  const { reference, exchange, addresses, heard } = outcome;
  const match = createSynMatcher(exchange, addresses);
  const arrived = new Map<string, Uint8Array>();
  for (const packet of heard) {
    const syn = match(packet);
    if (syn !== null && !arrived.has(keyOf(syn))) arrived.set(keyOf(syn), packet);
  }
  const sent = createSentSyns(outcome);
  const changes = new Set<string>();
  const syns: ArrivedSyn[] = [];
  const silent: string[] = [];
  for (const address of addresses) {
    for (const port of exchange.ports) {
      const of = (variant: Variant) => arrived.get(keyOf({ variant, address, port })) ?? null;
      if (VARIANTS.every((variant) => of(variant) === null)) {
        silent.push(`port ${port} of ${formatAddress(address)}`);
        continue;
      }
      for (const variant of VARIANTS) {
        const received = of(variant);
        const probe = sent.rebuild({ variant, address, port }, received);
        syns.push({ sent: probe, received });
        const found = received === null ? [blocked(variant)] : diffQuote(probe, received).changes;
        for (const change of found) if (change !== OF_THE_REFERENCE) changes.add(change);
      }
    }
  }
  sent.release();
  const unheard = silent.length === 0 ? "" : `nothing arrived at ${silent.join(", ")}`;
  if (syns.length === 0) {
    return unknownFidelity(reference, `${unheard}: let TCP through to ${reference}`);
  }
  const state = changes.size === 0 ? "clean" : "changed";
  return { state, reference, changes: [...changes].sort(), reason: unheard, syns };
}

/** A translator right before the reference, whose outer address the operator has named. */
const OF_THE_REFERENCE = "ip.destination.changed";

function blocked(variant: Variant): string {
  switch (variant) {
    case "v0":
    case "v1":
      return "tcp.option.mptcp.blocked";
    case "unknown-option":
      return "tcp.option.experimental.blocked";
    case "plain":
      return "tcp.syn.blocked";
  }
}

function keyOf({ variant, address, port }: AgreedSyn): string {
  return `${variant} ${formatAddress(address)} ${port}`;
}

const TIME_MODULUS_MS = 2 ** (32 - TTL_BITS);
/** By how much the wall clock may be set while SYNs are on their way. */
const TIME_SLACK_MS = 1_000;

/**
 * Makes the SYNs once more, byte for byte but for checksums. What cannot be computed is when each was sent, to the
 * millisecond: it is taken from the TSval that arrived where that is a time at which was sent; any other was rewritten.
 */
function createSentSyns({ exchange, fromMs, toMs }: ExchangeOutcome) {
  const sourceOf = (family: 4 | 6) => exchange.sources.find((source) => addressFamily(source) === family) ?? null;
  const builder = createProbeBuilder({
    secret: exchange.secret,
    stage: "synscan",
    profile: EXCHANGE_PROFILE,
    source4: sourceOf(4),
    source6: sourceOf(6),
  });
  const { ttl } = profileFacts(EXCHANGE_PROFILE);
  const timeIn = (received: Uint8Array | null): number => {
    const carried = received === null ? undefined : carriedTime(received);
    if (carried === undefined) return fromMs;
    const sinceMs = (carried - (fromMs % TIME_MODULUS_MS) + TIME_MODULUS_MS + TIME_SLACK_MS) % TIME_MODULUS_MS;
    return sinceMs <= toMs - fromMs + 2 * TIME_SLACK_MS ? carried : fromMs;
  };
  return {
    rebuild({ variant, address, port }: AgreedSyn, received: Uint8Array | null): Uint8Array {
      const into = new Uint8Array(PROBE_MAX_BYTES);
      return into.slice(0, builder.build({ address, port }, variant, ttl, timeIn(received), into));
    },
    release: () => builder.release(),
  };
}

/** The 26 bits of time in a SYN's TSval. */
function carriedTime(packet: Uint8Array): number | undefined {
  const tcp = packet.subarray(decodeIp(packet).headerBytes);
  const value = timestampsOf(tcp.subarray(20, Math.max(20, (u8(tcp, 12) >>> 4) * 4)))?.value;
  return value === undefined ? undefined : value >>> TTL_BITS;
}
