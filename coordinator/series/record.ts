import { z } from "zod";
import type { Codec } from "../control/control.js";

const time = z.int().min(0);
const run = z.object({
  /** The time of the schedule, without jitter; of a run by hand the time of the call. Unix milliseconds. */
  scheduledAtMs: time,
  /** Empty: it did not come to one. */
  campaign: z.string(),
  /** Why not, or empty. */
  problem: z.string(),
});

const stored = z.object({
  name: z.string(),
  /** The whole template. */
  text: z.string(),
  /** Files that it names, where the coordinator finds them at each run. */
  files: z.object({ hitlist: z.string().optional(), aliased: z.string().optional() }),
  createdAtMs: time,
  paused: z.boolean(),
  /** The next time of the schedule, and when the run begins, which the jitter makes later; null: none comes. */
  nextAtMs: time.nullable(),
  dueAtMs: time.nullable(),
  /** A run that was begun and of which the outcome is not written down yet. */
  starting: z.object({ scheduledAtMs: time, atMs: time }).nullable(),
  lastRun: run.nullable(),
  /** Runs that did not take place, newest last. */
  missed: z.array(z.object({ scheduledAtMs: time, reason: z.string() })),
  missedInAll: z.int().min(0),
});

/** A series and where it stands. */
export type SeriesRecord = Readonly<z.infer<typeof stored>>;

export const seriesCodec: Codec<SeriesRecord> = {
  encode: (record) => JSON.stringify(record),
  decode: (text) => stored.parse(JSON.parse(text)),
};

const MOST_MISSED = 50;

/** Writes down runs that did not take place. */
export function withMissed(record: SeriesRecord, times: readonly number[], reason: string): SeriesRecord {
  const missed = [...record.missed, ...times.map((scheduledAtMs) => ({ scheduledAtMs, reason }))];
  return { ...record, missed: missed.slice(-MOST_MISSED), missedInAll: record.missedInAll + times.length };
}
