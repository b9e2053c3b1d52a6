import type { Alarm } from "../alarm/alarm.js";
import { sizeOf } from "../lease/intervals.js";
import type { Lease } from "../lease/lease.js";
import type { SourceState } from "../lease/state.js";
import type { CampaignRecord, CampaignState, SourceRecord } from "./record.js";

export interface Marks {
  /** N. */
  readonly size: number;
  readonly sent: number;
  readonly done: number;
  readonly committed: number;
}

export interface SourceProgress extends Marks {
  readonly source: string;
  /** Agents that hold a lease. */
  readonly agents: readonly string[];
  /** Why nothing moves, or null. */
  readonly waiting: string | null;
}

/** A campaign at one moment. Times are Unix milliseconds. */
export interface CampaignProgress {
  readonly id: string;
  readonly state: CampaignState;
  readonly paused: boolean;
  /** A pass or "comparing"; null before the start. */
  readonly step: string | null;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Marks of the pass that runs, all sources together. */
  readonly marks: Marks;
  readonly indicesPerSecond: number;
  /** As reported by the agents that hold leases. */
  readonly packetsPerSecond: number;
  /** Until the pass has sent everything at the present rate; null when nothing moves. */
  readonly etaMs: number | null;
  readonly sources: readonly SourceProgress[];
  /** Everything that keeps the campaign waiting. */
  readonly waiting: readonly string[];
  /** Those of its canaries, and of the agents that work for it. */
  readonly alarms: readonly Alarm[];
  readonly notes: readonly string[];
  /** Why it failed, or empty. */
  readonly error: string;
}

/** How far a source is. Only what leases still hold can go back, when one is taken back. */
export function marksOf(state: SourceState): Marks {
  const finished = sizeOf(state.finished);
  const leases = [...state.leases];
  const sum = (mark: (lease: Lease) => number) =>
    leases.reduce((total, lease) => total + mark(lease) - lease.from, finished);
  return {
    size: state.size,
    sent: sum((lease) => lease.sent),
    done: sum((lease) => lease.done),
    committed: sum((lease) => lease.committed),
  };
}

export function addMarks(all: readonly Marks[]): Marks {
  const sum = (mark: (marks: Marks) => number) => all.reduce((total, marks) => total + mark(marks), 0);
  return {
    size: sum((marks) => marks.size),
    sent: sum((marks) => marks.sent),
    done: sum((marks) => marks.done),
    committed: sum((marks) => marks.committed),
  };
}

/** A source of a pass that is over, or that was never opened. */
export function closedProgress(campaign: CampaignRecord, source: SourceRecord): SourceProgress {
  const { size, skipped } = source;
  const over = campaign.state === "finished" || campaign.step?.name !== source.pass;
  const reached = over ? size - skipped : 0;
  return { source: source.id, size, sent: reached, done: reached, committed: reached, agents: [], waiting: null };
}

/** Indices per second of a mark that may go back, smoothed over some seconds. */
export interface RateMeter {
  observe(mark: number, nowMs: number): void;
  perSecond(): number;
}

export function createRateMeter(): RateMeter {
  const MEMORY_MS = 4_000;
  let last: { mark: number; atMs: number } | null = null;
  let rate = 0;
  return {
    observe(mark, nowMs) {
      if (last !== null && nowMs > last.atMs) {
        const elapsed = nowMs - last.atMs;
        const now = (Math.max(0, mark - last.mark) * 1_000) / elapsed;
        rate += (now - rate) * (1 - Math.exp(-elapsed / MEMORY_MS));
      }
      last = { mark, atMs: nowMs };
    },
    perSecond: () => rate,
  };
}
