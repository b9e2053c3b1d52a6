import type { Prefix } from "../../shared/address/prefix.js";
import { inAnyPrefix } from "../../shared/target/prefix-set.js";
import { createRangeSet, rangeOfPrefix, subtractRanges } from "../../shared/target/ranges.js";
import type { TargetSourceSpec } from "../../shared/target/spec.js";

/**
 * Who is left out of one job. Its sender keeps the object and reads the function at each target, so that an opt-out holds
 * for work that is under way. Null: nobody, and nothing is looked up.
 */
export interface Skips {
  isSkipped: ((address: Uint8Array) => boolean) | null;
}

/** Null when none of the prefixes touches the source: most opt-outs are older than the campaign, and not in it. */
export function skippedOf(source: TargetSourceSpec, prefixes: readonly Prefix[]): Skips["isSkipped"] {
  if (prefixes.length === 0) return null;
  if (source.kind === "space") {
    const ipv4 = prefixes.filter(({ family }) => family === 4);
    const before = createRangeSet(source.ranges).size;
    return subtractRanges(source.ranges, ipv4.map(rangeOfPrefix)).size === before ? null : inAnyPrefix(ipv4);
  }
  const isSkipped = inAnyPrefix(prefixes);
  return source.targets.some(({ address }) => isSkipped(address)) ? isSkipped : null;
}
