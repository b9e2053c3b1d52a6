import { hasTtl, highBelow, highBit, highestTtl, lowBelow, lowBit, type TtlSet } from "./ttl-set.js";

/** One trace, one variant towards one target, as far as it is known. */
export interface TraceState {
  readonly sent: Readonly<TtlSet>;
  readonly answered: Readonly<TtlSet>;
  /** The lowest TTL beyond which nothing lies: the target answered, or somebody turned the probe away; 0: none yet. */
  readonly final: number;
  /** Hops to the target as the TTL of one of its answers suggests; 0: it has not answered. */
  readonly distance: number;
  readonly retriesUsed: number;
  /** A quote on the way was changed. */
  readonly showsChange: boolean;
}

export interface TraceLimits {
  /** Highest TTL to try, 1 to 63. */
  readonly maxTtl: number;
  readonly retries: number;
  /** The first hops that all targets share, and that only a trace that shows something asks. */
  readonly sharedHops: number;
}

/** What is to be sent: TTLs for the first time, silent ones again, or nothing any more. */
export type Step = "forward" | "retry" | "over";

/** Hops without an answer in a row after which a path to a silent target counts as ended. */
const SILENT_LIMIT = 5;
/** Where nothing says how far the target is. */
const FIRST_REACH = 8;
/** Hops that are asked at a time beyond the distance that the target's answer suggested. */
const FURTHER = 3;

/**
 * The next TTLs of a trace, into `into`:
 * 1. the highest, which the target answers itself: its verdict, and how far away it is;
 * 2. all up to that distance, then onwards until the TTL is known at which the target answers first; towards a silent
 *    target until SILENT_LIMIT hops say nothing;
 * 3. the silent ones below the last answer, and the one after it, as often as there are retries;
 * 4. the shared first hops, where the trace shows a change or does not reach its target: there they may tell the place.
 */
export function nextTtls(state: TraceState, limits: TraceLimits, into: TtlSet): Step {
  const { maxTtl } = limits;
  const { sent } = state;
  if (sent.low === 0 && sent.high === 0) return only(maxTtl, into);
  const from = limits.sharedHops + 1;
  if (fresh(state, from, reach(state, limits), into)) return "forward";
  if (state.retriesUsed < limits.retries && silent(state, maxTtl, into)) return "retry";
  const needsFirstHops = state.showsChange || state.final === 0;
  const lastShared = Math.min(limits.sharedHops, state.final > 0 ? state.final - 1 : maxTtl);
  if (needsFirstHops && fresh(state, 1, lastShared, into)) return "forward";
  into.low = 0;
  into.high = 0;
  return "over";
}

/** The TTL up to which may be sent now. */
function reach(state: TraceState, { maxTtl, sharedHops }: TraceLimits): number {
  const { sent, answered, final, distance } = state;
  const sentTop = highestTtl(sent.low & lowBelow(maxTtl), sent.high & highBelow(maxTtl));
  const first = Math.max(distance, distance === 0 ? FIRST_REACH : 1, sharedHops + 1);
  if (final > 0) return Math.min(final - 1, sentTop === 0 ? first : sentTop + FURTHER);
  // A router answers at the highest TTL: all the others are on the way there.
  if (hasTtl(answered.low, answered.high, maxTtl)) return maxTtl - 1;
  const highest = highestTtl(answered.low, answered.high);
  return Math.min(maxTtl, Math.max(sentTop === 0 ? first : 0, highest === 0 ? first : highest + SILENT_LIMIT));
}

/** The last TTL that belongs to the path, as far as is known. */
function lastTtl({ answered, final }: TraceState, maxTtl: number): number {
  return final > 0 ? final : Math.min(maxTtl, highestTtl(answered.low, answered.high) + 1);
}

function only(ttl: number, into: TtlSet): Step {
  into.low = lowBit(ttl);
  into.high = highBit(ttl);
  return "forward";
}

/** TTLs in [from, to] that were never sent; false when there is none. */
function fresh({ sent }: TraceState, from: number, to: number, into: TtlSet): boolean {
  into.low = lowBelow(to + 1) & ~lowBelow(from) & ~sent.low;
  into.high = highBelow(to + 1) & ~highBelow(from) & ~sent.high;
  return (into.low | into.high) !== 0;
}

/** TTLs that were sent and not answered, as far as the path goes; false when there is none. */
function silent(state: TraceState, maxTtl: number, into: TtlSet): boolean {
  const last = lastTtl(state, maxTtl);
  into.low = state.sent.low & ~state.answered.low & lowBelow(last + 1);
  into.high = state.sent.high & ~state.answered.high & highBelow(last + 1);
  return (into.low | into.high) !== 0;
}
