import { UserError } from "../../../shared/errors.js";

/** `-n`: a number of targets, or a share of all. */
export type MostTargets = { readonly targets: number } | { readonly percent: number };

/** Reads `1000` or `0.1%`. Throws UserError with exit code 2. */
export function parseMostTargets(option: string, text: string): MostTargets {
  const [, share] = /^(\d{1,3}(?:\.\d{1,12})?)%$/.exec(text) ?? [];
  if (share !== undefined && Number(share) > 0 && Number(share) <= 100) return { percent: Number(share) };
  if (/^\d{1,15}$/.test(text) && Number(text) > 0) return { targets: Number(text) };
  throw new UserError(`${option} ${text} is no number of targets`, {
    remedy: `write ${option} 1000, or ${option} 0.1% for a share of all`,
    exitCode: 2,
  });
}

/** Indices `[from, to)`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/**
 * The indices that one shard of `shards` asks, of sources with these sizes. Of a number of targets the first sources
 * take what they have; of a share each takes its own. Shards are intervals whose lengths differ by at most one, and tile
 * what is asked.
 */
export function chooseIntervals(
  sizes: readonly number[],
  most: MostTargets | null,
  { shard, shards }: { readonly shard: number; readonly shards: number },
): Interval[] {
  let left = most !== null && "targets" in most ? most.targets : Number.POSITIVE_INFINITY;
  return sizes.map((size) => {
    const share = most !== null && "percent" in most ? Math.ceil((size * most.percent) / 100) : size;
    const asked = Math.min(share, left);
    left -= asked;
    return partOf({ from: 0, to: asked }, shard, shards);
  });
}

/** One of `parts` intervals that tile the interval, and whose lengths differ by at most one. */
export function partOf({ from, to }: Interval, part: number, parts: number): Interval {
  // By quotient and remainder: the product of size and part may pass 2^53.
  const quotient = Math.floor((to - from) / parts);
  const remainder = to - from - quotient * parts;
  const start = (i: number): number => from + i * quotient + Math.min(i, remainder);
  return { from: start(part), to: start(part + 1) };
}
