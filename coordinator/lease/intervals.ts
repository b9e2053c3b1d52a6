/** Indices `[from, to)`; never empty where intervals are kept. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** A set of indices: ascending intervals that neither overlap nor touch. */
export type Intervals = readonly Interval[];

/** How many indices. */
export function sizeOf(intervals: Intervals): number {
  return intervals.reduce((sum, { from, to }) => sum + (to - from), 0);
}

/** The set with `[from, to)` in it; an empty interval changes nothing. */
export function addInterval(intervals: Intervals, added: Interval): Intervals {
  if (added.from >= added.to) {
    return intervals;
  }
  const before = intervals.filter((interval) => interval.to < added.from);
  const after = intervals.filter((interval) => interval.from > added.to);
  const touching = intervals.slice(before.length, intervals.length - after.length);
  const from = Math.min(added.from, touching[0]?.from ?? added.from);
  const to = Math.max(added.to, touching.at(-1)?.to ?? added.to);
  return [...before, { from, to }, ...after];
}

/** At most `size` indices from the start of the set, and the rest; null when the set is empty. */
export function takeFirst(intervals: Intervals, size: number): { taken: Interval; rest: Intervals } | null {
  const [first, ...others] = intervals;
  if (first === undefined) {
    return null;
  }
  const taken = { from: first.from, to: Math.min(first.to, first.from + Math.max(1, size)) };
  return { taken, rest: taken.to < first.to ? [{ from: taken.to, to: first.to }, ...others] : others };
}
