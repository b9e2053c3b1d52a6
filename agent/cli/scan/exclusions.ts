import { ipv4FromNumber } from "../../../shared/address/address.js";
import { formatPrefix, type Prefix, prefixContains } from "../../../shared/address/prefix.js";
import type { Blocklist } from "../../../shared/target/blocklist.js";
import { type Ipv4Range, type RangeSet, rangeOfPrefix, subtractRanges } from "../../../shared/target/ranges.js";
import { type BlockedPrefix, blockedWords } from "../../config/blocked.js";
import type { AskedTargets } from "../targets.js";

/** Addresses that were asked for and are left out. */
export interface Exclusion {
  readonly prefix: string;
  readonly why: string;
  /** An address that lies in several blocked IPv4 prefixes counts in each. */
  readonly addresses: number;
}

export interface RemainingTargets {
  readonly targets: AskedTargets;
  /** The largest first. */
  readonly exclusions: readonly Exclusion[];
  /** Different addresses that are left out. */
  readonly excluded: number;
}

interface Reason {
  readonly prefix: Prefix;
  readonly why: string;
}

/** Takes special-purpose addresses that are not opened, and blocked ones, out of what was asked for. */
export function excludeTargets(
  asked: AskedTargets,
  special: Blocklist,
  blocked: readonly BlockedPrefix[],
): RemainingTargets {
  const counts = new Map<string, Exclusion>();
  const count = ({ prefix, why }: Reason, addresses: number): void => {
    if (addresses === 0) return;
    const text = formatPrefix(prefix);
    const known = counts.get(`${text} ${why}`)?.addresses ?? 0;
    counts.set(`${text} ${why}`, { prefix: text, why, addresses: known + addresses });
  };
  const ipv4 = exclude4(asked.ipv4, special, blocked, count);
  const ipv6 = exclude6(asked.ipv6, special, blocked, count);
  return {
    targets: { ipv4, ipv6 },
    exclusions: [...counts.values()].sort((a, b) => b.addresses - a.addresses),
    excluded: asked.ipv4.size - ipv4.size + asked.ipv6.length - ipv6.length,
  };
}

type Count = (reason: Reason, addresses: number) => void;

function exclude4(asked: RangeSet, special: Blocklist, blocked: readonly BlockedPrefix[], count: Count): RangeSet {
  for (const piece of intersect(asked.ranges, special.ranges.ranges)) {
    // Neighbouring blocks are one range: from each one's first address to its end.
    for (let first = piece.first; first <= piece.last; ) {
      const entry = special.blockedBy(ipv4FromNumber(first));
      const last = entry === null ? piece.last : Math.min(piece.last, rangeOfPrefix(entry.prefix).last);
      if (entry !== null) count({ prefix: entry.prefix, why: specialWords(entry) }, last - first + 1);
      first = last + 1;
    }
  }
  const askedIn = createCounter(asked);
  const blocked4 = blocked.filter(({ prefix }) => prefix.family === 4);
  for (const one of blocked4) count({ prefix: one.prefix, why: blockedWords(one) }, askedIn(rangeOfPrefix(one.prefix)));
  return subtractRanges(asked.ranges, [
    ...special.ranges.ranges,
    ...blocked4.map(({ prefix }) => rangeOfPrefix(prefix)),
  ]);
}

function exclude6(
  asked: readonly Uint8Array[],
  special: Blocklist,
  blocked: readonly BlockedPrefix[],
  count: Count,
): Uint8Array[] {
  const blocked6 = blocked.filter(({ prefix }) => prefix.family === 6);
  return asked.filter((address) => {
    const entry = special.blockedBy(address);
    const own = entry === null ? blocked6.find(({ prefix }) => prefixContains(prefix, address)) : undefined;
    if (entry !== null) count({ prefix: entry.prefix, why: specialWords(entry) }, 1);
    if (own !== undefined) count({ prefix: own.prefix, why: blockedWords(own) }, 1);
    return entry === null && own === undefined;
  });
}

function specialWords(entry: { readonly name: string; readonly rfc: string }): string {
  return `${entry.name}, ${entry.rfc}`;
}

function intersect(a: readonly Ipv4Range[], b: readonly Ipv4Range[]): readonly Ipv4Range[] {
  return subtractRanges(a, subtractRanges(a, b).ranges).ranges;
}

/** Counts the members of a set in a range, in O(log n). */
export function createCounter({ ranges }: RangeSet): (range: Ipv4Range) => number {
  const before: number[] = [];
  let size = 0;
  for (const { first, last } of ranges) {
    before.push(size);
    size += last - first + 1;
  }
  /** Members below `address`. */
  const below = (address: number): number => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle]?.first ?? 0) < address) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low - 1];
    return range === undefined ? 0 : (before[low - 1] ?? 0) + Math.min(address, range.last + 1) - range.first;
  };
  return ({ first, last }) => below(last + 1) - below(first);
}
