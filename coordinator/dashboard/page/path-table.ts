import type { Variant } from "../../../shared/probe/variant.js";
import { isMarking } from "../../../shared/verdict/marking.js";
import type { Explanation } from "../../compare/document.js";
import type { Hop, PathChange, View } from "../../compare/evidence.js";

/**
 * How a hop stands to the changes on its path:
 * - `clean`: the last that shows a field as sent
 * - `within`: it says neither, and the box may stand there
 * - `changed`: the first that shows the change
 */
export type IntervalPart = "clean" | "within" | "changed";

export interface PathCell {
  readonly ttl: number;
  /** Null: silent. */
  readonly hop: Hop | null;
  readonly part: IntervalPart | null;
  /** Behind the target's answer: not part of the path. */
  readonly isBehind: boolean;
}

export interface PathRow {
  readonly vantage: string;
  /** A change begins right at the vantage point. */
  readonly startsInterval: boolean;
  readonly cells: readonly PathCell[];
  readonly changes: readonly PathChange[];
}

/** Variants that were traced, in the order of the probes. */
export function tracedVariants({ evidence }: Pick<Explanation, "evidence">): Variant[] {
  return [...new Set(evidence.flatMap(({ traces }) => traces.map(({ variant }) => variant)))].sort();
}

/**
 * Paths of one variant as a table: vantage points as rows, hops as columns. Rewritten DSCP and ECN mark no interval unless
 * they are all that there is.
 */
export function pathTable(
  { evidence, changes }: Pick<Explanation, "evidence" | "changes">,
  variant: Variant,
): PathRow[] {
  const traced = evidence.filter(({ traces }) => traces.some((trace) => trace.variant === variant));
  const last = Math.max(0, ...traced.map((view) => lengthOf(view, variant)));
  return traced.map((view) => {
    const own = changes.filter((change) => change.vantage === view.vantage && change.variant === variant);
    const telling = own.some(({ condition }) => !isMarking(condition))
      ? own.filter(({ condition }) => !isMarking(condition))
      : own;
    const hops = new Map(hopsOf(view, variant).map((hop) => [hop.ttl, hop]));
    const length = lengthOf(view, variant);
    const cells = Array.from({ length: last }, (_, i): PathCell => {
      const ttl = i + 1;
      return { ttl, hop: hops.get(ttl) ?? null, part: partOf(ttl, telling), isBehind: ttl > length };
    });
    return {
      vantage: view.vantage,
      startsInterval: telling.some(({ afterTtl }) => afterTtl === 0),
      cells,
      changes: own,
    };
  });
}

function hopsOf({ traces }: View, variant: Variant): readonly Hop[] {
  return traces.find((trace) => trace.variant === variant)?.hops ?? [];
}

/** TTL of the target's own answer, or of the last that answered. */
function lengthOf(view: View, variant: Variant): number {
  const hops = hopsOf(view, variant);
  return hops.find(({ kind }) => kind === "synack" || kind === "rst")?.ttl ?? hops.at(-1)?.ttl ?? 0;
}

function partOf(ttl: number, changes: readonly PathChange[]): IntervalPart | null {
  if (changes.some(({ beforeTtl }) => beforeTtl === ttl)) return "changed";
  if (changes.some(({ afterTtl, beforeTtl }) => ttl > afterTtl && ttl < beforeTtl)) return "within";
  return changes.some(({ afterTtl }) => afterTtl === ttl) ? "clean" : null;
}
