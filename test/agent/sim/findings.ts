import type { SimChange } from "../../../agent/sim/world.js";
import type { Trace } from "../../../coordinator/compare/evidence.js";
import { locateChanges } from "../../../coordinator/compare/locate.js";
import { formatAddress } from "../../../shared/address/address.js";
import type { SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";

/** Verdict per variant of the target with an index. */
export function answersOf(rows: readonly SynReplyRow[], index: number): Record<Variant, SynVerdict> {
  const own = rows.filter((row) => row.index === index);
  const verdict = (variant: Variant) => own.find((row) => row.variant === variant)?.verdict ?? "no-reply";
  return Object.fromEntries(VARIANTS.map((variant) => [variant, verdict(variant)])) as Record<Variant, SynVerdict>;
}

/** The traces of the target with an index. */
export function tracesOf(rows: readonly TraceHopRow[], index: number): Trace[] {
  const own = rows.filter((row) => row.index === index);
  return (["v0", "v1", "plain"] as const).map((variant) => ({
    variant,
    hops: own
      .filter((row) => row.variant === variant)
      .sort((a, b) => a.ttl - b.ttl)
      .map((row) => ({ ...row, responder: formatAddress(row.responder) })),
  }));
}

/** What a comparison finds on the path to the target with an index. */
export function changesOf(rows: readonly TraceHopRow[], index: number): Set<SimChange> {
  const traces = tracesOf(rows, index);
  // The verdicts play no part in where changes are.
  const none = { verdict: "no-reply", v0: "no-reply", v1: "no-reply", plain: "no-reply", unknown: "no-reply" } as const;
  const found = locateChanges({ vantage: "here", ...none, traces, handshakes: [] });
  return new Set(distinct(found.map(({ condition, after, before }) => ({ condition, after, before }))));
}

function distinct(changes: readonly SimChange[]): SimChange[] {
  return [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()];
}
