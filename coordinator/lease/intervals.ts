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
  const first = firstWhere(intervals, (interval) => interval.to >= added.from);
  const end = firstWhere(intervals, (interval) => interval.from > added.to);
  const touching = intervals.slice(first, end);
  const from = Math.min(added.from, touching[0]?.from ?? added.from);
  const to = Math.max(added.to, touching.at(-1)?.to ?? added.to);
  return intervals.toSpliced(first, end - first, { from, to });
}

/** At most `size` indices from the start of the set, and the rest; null when the set is empty. */
export function takeFirst(intervals: Intervals, size: number): Taken | null {
  const [first] = intervals;
  return first === undefined ? null : takeFrom(intervals, first.from, size);
}

export interface Taken {
  readonly taken: Interval;
  readonly rest: Intervals;
}

/** At most `size` indices from `from` on that follow one another, and the rest; null when the set does not have it. */
export function takeFrom(intervals: Intervals, from: number, size: number): Taken | null {
  const at = firstWhere(intervals, (interval) => interval.to > from);
  const interval = intervals[at];
  if (interval === undefined || interval.from > from) {
    return null;
  }
  const taken = { from, to: Math.min(interval.to, from + Math.max(1, size)) };
  const left = [
    { from: interval.from, to: from },
    { from: taken.to, to: interval.to },
  ];
  return { taken, rest: intervals.toSpliced(at, 1, ...left.filter((part) => part.from < part.to)) };
}

/** What is in the first set and not in the second. */
export function subtractIntervals(intervals: Intervals, taken: Intervals): Intervals {
  const rest: Interval[] = [];
  let at = 0;
  for (const { from, to } of intervals) {
    let start = from;
    while ((taken[at]?.to ?? Number.POSITIVE_INFINITY) <= from) at++;
    for (let next = at; (taken[next]?.from ?? Number.POSITIVE_INFINITY) < to; next++) {
      const hole = taken[next] as Interval;
      if (hole.from > start) rest.push({ from: start, to: hole.from });
      start = Math.max(start, hole.to);
    }
    if (start < to) rest.push({ from: start, to });
  }
  return rest;
}

/** The first place from which on `holds` does; it must hold for none before. */
function firstWhere(intervals: Intervals, holds: (interval: Interval) => boolean): number {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(intervals[middle] as Interval)) high = middle;
    else low = middle + 1;
  }
  return low;
}
