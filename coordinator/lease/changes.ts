import { z } from "zod";
import { decodeLease, encodeLease, storedCoverage, storedLease, storedRefusals } from "./codec.js";
import { addInterval, type Intervals, subtractIntervals } from "./intervals.js";
import type { SourceState } from "./state.js";

const mark = z.number().int().nonnegative();
const intervals = z.array(z.tuple([mark, mark]));
const difference = z.object({ plus: intervals, minus: intervals }).optional();
const stored = z.object({
  epoch: mark,
  free: difference,
  finished: difference,
  skipped: difference,
  leases: z.array(storedLease),
  /** Epoch, sent, done and committed of leases of which nothing else changed. */
  marks: z.array(z.tuple([mark, mark, mark, mark])),
  /** Epochs. */
  gone: z.array(mark),
  refusals: storedRefusals.optional(),
  /** How many of the oldest are saved, and those that are new. */
  coverage: z.tuple([mark, z.array(storedCoverage)]),
});

/** What became of a state, as JSON; deadlines are left out, as in the state's own form. */
export function encodeChange(before: SourceState, after: SourceState): string {
  const { changed, gone } = after.leases.changesSince(before.leases);
  const leases: unknown[] = [];
  const marks: unknown[] = [];
  for (const lease of changed) {
    const earlier = before.leases.find(lease.agent, lease.id);
    const { epoch, sent, done, committed, phase, to } = lease;
    if (earlier?.phase === phase && earlier.to === to) marks.push([epoch, sent, done, committed]);
    else leases.push(encodeLease(lease));
  }
  return JSON.stringify({
    epoch: after.epoch,
    free: differenceOf(before.free, after.free),
    finished: differenceOf(before.finished, after.finished),
    skipped: differenceOf(before.skipped, after.skipped),
    leases,
    marks,
    gone: gone.map(({ epoch }) => epoch),
    refusals: before.refusals === after.refusals ? undefined : after.refusals,
    coverage: coverageChange(before.coverage, after.coverage),
  });
}

/** The state after changes that were made one after another. Throws ZodError or SyntaxError for a text that is none. */
export function applyChanges(start: SourceState, texts: readonly string[]): SourceState {
  const byEpoch = new Map([...start.leases].map((lease) => [lease.epoch, lease]));
  let { leases, free, finished, skipped, refusals, epoch } = start;
  let coverage = [...start.coverage];
  for (const text of texts) {
    const change = stored.parse(JSON.parse(text));
    for (const lease of change.leases.map(decodeLease)) {
      byEpoch.set(lease.epoch, lease);
      leases = leases.with(lease);
    }
    for (const [of, sent, done, committed] of change.marks) {
      const lease = byEpoch.get(of);
      if (lease === undefined) throw new SyntaxError(`a change has marks of lease ${of}, which is not there`);
      const moved = { ...lease, sent, done, committed };
      byEpoch.set(of, moved);
      leases = leases.with(moved);
    }
    for (const of of change.gone) {
      const lease = byEpoch.get(of);
      if (lease !== undefined) leases = leases.without(lease);
      byEpoch.delete(of);
    }
    [free, finished, skipped] = [
      withDifference(free, change.free),
      withDifference(finished, change.finished),
      withDifference(skipped, change.skipped),
    ];
    refusals = change.refusals ?? refusals;
    const [saved, added] = change.coverage;
    coverage = [...coverage.slice(saved), ...added];
    epoch = change.epoch;
  }
  return { ...start, epoch, leases, free, finished, skipped, refusals, coverage };
}

function differenceOf(before: Intervals, after: Intervals): z.infer<typeof difference> {
  if (before === after) return undefined;
  const pairs = (set: Intervals): [number, number][] => set.map(({ from, to }) => [from, to]);
  return { plus: pairs(subtractIntervals(after, before)), minus: pairs(subtractIntervals(before, after)) };
}

function withDifference(before: Intervals, change: z.infer<typeof difference>): Intervals {
  if (change === undefined) return before;
  const intervalsOf = (pairs: readonly [number, number][]) => pairs.map(([from, to]) => ({ from, to }));
  return intervalsOf(change.plus).reduce(addInterval, subtractIntervals(before, intervalsOf(change.minus)));
}

/** Coverage is added at the end and taken away from the beginning. */
function coverageChange(
  before: SourceState["coverage"],
  after: SourceState["coverage"],
): [number, SourceState["coverage"]] {
  const [first] = after;
  const at = first === undefined ? -1 : before.indexOf(first);
  return at < 0 ? [before.length, after] : [at, after.slice(before.length - at)];
}
