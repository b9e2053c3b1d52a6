import { z } from "zod";
import type { Lease } from "./lease.js";
import type { SourceState } from "./state.js";
import { LeaseTable } from "./table.js";

const mark = z.number().int().nonnegative();
const interval = z.tuple([mark, mark]);
export const storedLease = z.object({
  phase: z.enum(["active", "awaiting"]),
  id: z.string(),
  epoch: mark,
  agent: z.string(),
  instance: z.string(),
  spool: z.string(),
  vantage: z.string(),
  from: mark,
  to: mark,
  sent: mark,
  done: mark,
  committed: mark,
  overrun: mark,
  packetsPerSecond: z.number().nonnegative(),
});
export const storedCoverage = z.object({
  kind: z.enum(["asked", "uncertain", "skipped"]),
  from: mark,
  to: mark,
  vantage: z.string(),
  agent: z.string(),
  epoch: mark,
  reason: z.string(),
});
export const storedRefusals = z.record(z.string(), z.object({ instance: z.string(), reason: z.string() }));
const stored = z.object({
  plan: z.string(),
  size: mark,
  epoch: mark,
  free: z.array(interval),
  leases: z.array(storedLease),
  finished: z.array(interval),
  skipped: z.array(interval).default([]),
  refusals: storedRefusals,
  coverage: z.array(storedCoverage),
});

/** JSON without the deadlines, which belong to one process's monotonic clock. */
export function encodeSourceState(state: SourceState): string {
  const pairs = (intervals: SourceState["free"]) => intervals.map(({ from, to }) => [from, to]);
  const leases = [...state.leases].map(encodeLease);
  const { free, finished, skipped } = state;
  return JSON.stringify({
    ...state,
    free: pairs(free),
    finished: pairs(finished),
    skipped: pairs(skipped),
    leases,
  });
}

/**
 * Throws ZodError or SyntaxError for text that is no state. Deadlines are infinite until `restartDeadlines` is called:
 * a coordinator that was away does not know how long its agents have been silent.
 */
export function decodeSourceState(text: string): SourceState {
  const value = stored.parse(JSON.parse(text));
  const intervals = (pairs: readonly (readonly [number, number])[]) => pairs.map(([from, to]) => ({ from, to }));
  return {
    ...value,
    free: intervals(value.free),
    finished: intervals(value.finished),
    skipped: intervals(value.skipped),
    leases: LeaseTable.from(value.leases.map(decodeLease)),
  };
}

/** A lease without what belongs to one process. */
export function encodeLease({ deadlineMs: _, heard: __, ...rest }: Lease): z.infer<typeof storedLease> {
  return rest;
}

export function decodeLease(value: z.infer<typeof storedLease>): Lease {
  return { ...value, deadlineMs: Number.POSITIVE_INFINITY, heard: false };
}

/** Gives every lease its full time from now, as after a restart of the coordinator. */
export function restartDeadlines(
  state: SourceState,
  nowMs: number,
  timing: { readonly leaseTtlMs: number; readonly goneAfterMs: number },
): SourceState {
  const leases = [...state.leases].map((entry) => ({
    ...entry,
    deadlineMs: nowMs + (entry.phase === "active" ? timing.leaseTtlMs : timing.goneAfterMs),
  }));
  return { ...state, leases: LeaseTable.from(leases) };
}
