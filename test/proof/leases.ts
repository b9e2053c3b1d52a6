import { addInterval, type Interval, type Intervals, takeFirst } from "../../coordinator/lease/intervals.js";

/** Smallest and largest lease that the coordinator cuts from a computed source. */
const LEAST = 16;
const MOST = 2 ** 24;
/** One lease in so many is given up on the way. */
const GIVEN_UP = 8;

/**
 * Cuts `[0, size)` into what agents work off: leases of all sizes, some of which are given up anywhere, so that the
 * rest joins the free indices again. `random` gives numbers in [0, 1).
 */
export function* workedIntervals(size: number, random: () => number): Generator<Interval, void> {
  let free: Intervals = [{ from: 0, to: size }];
  for (;;) {
    const part = takeFirst(free, Math.floor(LEAST * (MOST / LEAST) ** random()));
    if (part === null) {
      return;
    }
    const { from, to } = part.taken;
    const reached = random() < 1 / GIVEN_UP ? from + Math.floor(random() * (to - from)) : to;
    free = addInterval(part.rest, { from: reached, to });
    if (from < reached) {
      yield { from, to: reached };
    }
  }
}
