import { ipv4ToNumber } from "../address/address.js";
import type { Prefix } from "../address/prefix.js";
import { createRankIndex, partOf, type RankIndex } from "./rank-index.js";

/** IPv4 addresses as unsigned 32-bit numbers, both ends included. */
export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
}

/** The tables behind ranks, for code that looks many up at once: parts of the ranks, and the first address of each. */
export interface RankedAddresses {
  readonly index: RankIndex;
  readonly firsts: Uint32Array;
}

/** A set of IPv4 addresses, numbered by rank: the n-th smallest member has rank n. */
export interface RangeSet {
  readonly ranked: RankedAddresses;
  /** Ascending, disjoint and not touching. */
  readonly ranges: readonly Ipv4Range[];
  /** How many addresses; up to 2^32. */
  readonly size: number;
  contains(address: number): boolean;
  /** The member of `rank` in `[0, size)`. */
  addressAtRank(rank: number): number;
  /** Inverse of `addressAtRank`; -1 when the address is not a member. */
  rankOf(address: number): number;
}

/** The set of all addresses in `ranges`, which may overlap and come in any order. Throws RangeError on a bad range. */
export function createRangeSet(ranges: Iterable<Ipv4Range>): RangeSet {
  const merged = merge([...ranges]);
  const firsts = Uint32Array.from(merged, (range) => range.first);
  const ranks = new Uint32Array(merged.length);
  let size = 0;
  for (const [i, range] of merged.entries()) {
    ranks[i] = size;
    size += range.last - range.first + 1;
  }
  const index = createRankIndex(ranks, size);

  const rankOf = (address: number): number => {
    const i = lastAtMost(firsts, address);
    if (i < 0 || address > (merged[i]?.last ?? -1)) {
      return -1;
    }
    return (ranks[i] ?? 0) + address - (firsts[i] ?? 0);
  };
  return {
    ranked: { index, firsts },
    ranges: merged,
    size,
    rankOf,
    contains: (address) => rankOf(address) >= 0,
    addressAtRank(rank) {
      if (!(rank >= 0 && rank < size)) {
        throw new RangeError(`rank ${rank} is not in [0, ${size})`);
      }
      const part = partOf(index, rank);
      return (firsts[part] ?? 0) + rank - (ranks[part] ?? 0);
    },
  };
}

/** Addresses in `a` or in `b`. */
export function unionRanges(a: Iterable<Ipv4Range>, b: Iterable<Ipv4Range>): RangeSet {
  return createRangeSet([...a, ...b]);
}

/** Addresses in `from` that are not in `removed`. */
export function subtractRanges(from: Iterable<Ipv4Range>, removed: Iterable<Ipv4Range>): RangeSet {
  const holes = merge([...removed]);
  const rest: Ipv4Range[] = [];
  let h = 0;
  for (const range of merge([...from])) {
    let first = range.first;
    while ((holes[h]?.last ?? Number.POSITIVE_INFINITY) < first) {
      h++;
    }
    // A hole may reach into the next range, so it stays the current one until a range begins behind it.
    for (let i = h; first <= range.last; i++) {
      const hole = holes[i];
      if (hole === undefined || hole.first > range.last) {
        rest.push({ first, last: range.last });
        break;
      }
      if (hole.first > first) {
        rest.push({ first, last: hole.first - 1 });
      }
      first = hole.last + 1;
    }
  }
  return createRangeSet(rest);
}

/** The addresses of an IPv4 prefix; host bits are ignored. Throws RangeError for IPv6. */
export function rangeOfPrefix(prefix: Prefix): Ipv4Range {
  if (prefix.family !== 4) {
    throw new RangeError("an IPv6 prefix is no IPv4 range");
  }
  const size = 2 ** (32 - prefix.length);
  const first = Math.floor(ipv4ToNumber(prefix.address) / size) * size;
  return { first, last: first + size - 1 };
}

function merge(ranges: Ipv4Range[]): Ipv4Range[] {
  for (const { first, last } of ranges) {
    if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < 2 ** 32)) {
      throw new RangeError(`${first} to ${last} is no range of IPv4 addresses`);
    }
  }
  ranges.sort((a, b) => a.first - b.first);
  const merged: { first: number; last: number }[] = [];
  let open: { first: number; last: number } | undefined;
  for (const { first, last } of ranges) {
    if (open !== undefined && first <= open.last + 1) {
      open.last = Math.max(open.last, last);
    } else {
      open = { first, last };
      merged.push(open);
    }
  }
  return merged;
}

/** Index of the last element that is at most `value` in an ascending array, or -1. */
function lastAtMost(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}
