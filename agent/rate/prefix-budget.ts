import { addressFamily } from "../../shared/address/address.js";
import type { PrefixShare } from "../../shared/lease/work.js";

/** Which addresses share a budget: those with the same first bits. IPv4 0 to 32, IPv6 0 to 64. */
export type PrefixLengths = Pick<PrefixShare, "v4" | "v6">;

/** What each prefix got. A target's probes belong together, so they are reserved together. */
export interface PrefixBudget {
  /**
   * Reserves `ms` of the address's prefix: returns the time (ms) from which the target's probes may go, `nowMs` when
   * that is at once; null while as many prefixes as the table holds have used up their budget: ask again a little later.
   */
  reserve(address: Uint8Array, ms: number, nowMs: number): number | null;
  /** The same if the probes may go at once; false, and nothing is reserved, if not. */
  take(address: Uint8Array, ms: number, nowMs: number): boolean;
}

/** What is reserved goes out this much later at the most, or is reserved again. */
export const LATE_MS = 20;

/** With what the last of a target's probes waits for the rate cap after the first, and reserve. */
const SECOND_MS = 1_000 + LATE_MS + 80;

/**
 * Milliseconds of a prefix that a target with `packets` probes takes: no second, whenever it begins, has more than
 * `packetsPerSecond`. Where one target alone is more than that, its probes still go out together: then it is what
 * comes to the prefix in the mean.
 */
export function prefixMs(packets: number, packetsPerSecond: number): number {
  const targets = Math.floor(packetsPerSecond / packets);
  return SECOND_MS / (targets > 0 ? targets : packetsPerSecond / packets);
}

/** Prefixes that may be over their budget at the same time, in 4 MiB. A power of two. */
const TABLE_PLACES = 1 << 18;
/** Places looked at for a prefix before the table counts as full. */
const PROBES = 16;

/**
 * A table of the times until which each prefix's budget is used up (generic cell rate algorithm, ITU-T I.371), bounded:
 * a prefix whose time has passed needs no place. `places` is a power of two.
 */
export function createPrefixBudget(lengths: PrefixLengths, places = TABLE_PLACES): PrefixBudget {
  const keys = new Float64Array(places);
  const usedUntil = new Float64Array(places);

  /** The place of a prefix that is over its budget, else a free one, whose time has passed; -1 when the table is full. */
  function find(key: number, nowMs: number): number {
    const start = scatter(key) & (places - 1);
    let free = -1;
    for (let i = 0; i < PROBES; i++) {
      const place = (start + i) & (places - 1);
      if ((usedUntil[place] as number) <= nowMs) {
        if (free < 0) free = place;
      } else if (keys[place] === key) {
        return place;
      }
    }
    if (free >= 0) keys[free] = key;
    return free;
  }

  return {
    reserve(address, ms, nowMs) {
      const place = find(prefixKey(address, lengths), nowMs);
      if (place < 0) return null;
      const from = Math.max(nowMs, usedUntil[place] as number);
      usedUntil[place] = from + ms;
      return from;
    },
    take(address, ms, nowMs) {
      const place = find(prefixKey(address, lengths), nowMs);
      if (place < 0 || (usedUntil[place] as number) > nowMs) return false;
      usedUntil[place] = nowMs + ms;
      return true;
    },
  };
}

/** The prefix as a number below 2^53; IPv6 prefixes of 49 bits and more fold their low bits in. */
function prefixKey(address: Uint8Array, { v4, v6 }: PrefixLengths): number {
  if (addressFamily(address) === 4) {
    return Math.floor(word(address, 12) / 2 ** (32 - v4));
  }
  const high = word(address, 0);
  const low = word(address, 4);
  const kept = v6 <= 32 ? 0 : Math.floor(low / 2 ** (64 - v6));
  // Above all IPv4 keys.
  return 2 ** 52 + (((v6 <= 32 ? Math.floor(high / 2 ** (32 - v6)) : high) * 2 ** 16 + kept) % 2 ** 51);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 0x1000000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}

/** Spreads neighbouring prefixes over the table (the finaliser of MurmurHash3). */
function scatter(key: number): number {
  let h = (key | 0) ^ Math.floor(key / 2 ** 32);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
