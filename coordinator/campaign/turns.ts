import { type Interval, subtractIntervals } from "../lease/intervals.js";
import type { SourceBook } from "./source-book.js";

/** Sources with the same target at each index, one for each vantage point: those of a scan in `replicate` mode. */
export function sameOrder(books: readonly SourceBook[], { record }: SourceBook): readonly SourceBook[] {
  return books.filter((other) => other.record.order === record.order);
}

export interface PartLimits {
  /** Indices, at most. */
  readonly size: number;
  /** None from this one on. */
  readonly end?: number | undefined;
}

/**
 * What the source's vantage point may ask next; null when there is nothing now. Vantage points
 * that ask the same targets take turns: each begins at a part of its own, and none is given an index that another one has
 * leased and not reported as done, so that its last probe there is a reply window old.
 */
export function nextPart(
  books: readonly SourceBook[],
  book: SourceBook,
  { size, end = Number.POSITIVE_INFINITY }: PartLimits,
): Interval | null {
  const { free } = book.state;
  const group = sameOrder(books, book);
  const open = group.reduce((left, other) => (other === book ? left : subtractIntervals(left, heldBy(other))), free);
  // Where each one begins; a lease ends there, so that a short list is not all one vantage point's.
  const starts = group.map((_, i) => Math.floor((book.record.size * i) / group.length));
  const start = starts[group.indexOf(book)] ?? 0;
  const part = open.find(({ to }) => to > start) ?? open[0];
  if (part === undefined) return null;
  const from = part.to > start ? Math.max(part.from, start) : part.from;
  if (from >= end) return null;
  const next = starts.find((other) => other > from) ?? part.to;
  return { from, to: Math.min(part.to, next, end, from + Math.max(1, size)) };
}

/** What may still be asked under the source's leases, ascending. */
function heldBy({ state }: SourceBook): Interval[] {
  return state.leases
    .filter(({ phase, done, to }) => phase === "active" && done < to)
    .map(({ done, to }) => ({ from: done, to }))
    .sort((a, b) => a.from - b.from);
}
