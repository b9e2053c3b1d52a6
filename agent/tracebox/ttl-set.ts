/** TTLs 1 to 63 as two words: bit `ttl` of `low` for those below 32, bit `ttl - 32` of `high` for the others. */
export interface TtlSet {
  low: number;
  high: number;
}

const MOST_TTL = 63;

export function lowBit(ttl: number): number {
  return ttl < 32 ? 1 << ttl : 0;
}

export function highBit(ttl: number): number {
  return ttl < 32 ? 0 : 1 << (ttl - 32);
}

export function hasTtl(low: number, high: number, ttl: number): boolean {
  return ((low & lowBit(ttl)) | (high & highBit(ttl))) !== 0;
}

/** The highest TTL of a set, 0 for the empty one. */
export function highestTtl(low: number, high: number): number {
  return high !== 0 ? 63 - Math.clz32(high) : low !== 0 ? 31 - Math.clz32(low) : 0;
}

/** The first TTL of a set from `start` (0 to 63) on, and round from the beginning; 0 for the empty set. */
export function nextTtl(low: number, high: number, start: number): number {
  const lowRest = start < 32 ? low & (-1 << start) : 0;
  if (lowRest !== 0) return lowestBit(lowRest);
  const highRest = start < 32 ? high : high & (-1 << (start - 32));
  if (highRest !== 0) return 32 + lowestBit(highRest);
  return low !== 0 ? lowestBit(low) : high !== 0 ? 32 + lowestBit(high) : 0;
}

export function sizeOf(low: number, high: number): number {
  return bitCount(low) + bitCount(high);
}

/** Bits of the TTLs below `ttl`, for `low`. */
export function lowBelow(ttl: number): number {
  return ttl < 32 ? (1 << ttl) - 1 : -1;
}

/** Bits of the TTLs below `ttl`, for `high`. */
export function highBelow(ttl: number): number {
  return ttl < 32 ? 0 : ttl > MOST_TTL ? -1 : (1 << (ttl - 32)) - 1;
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
