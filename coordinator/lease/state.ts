import type { LeaseMarks } from "../../shared/lease/work.js";
import type { Interval, Intervals } from "./intervals.js";
import type { Lease } from "./lease.js";
import { LeaseTable } from "./table.js";

/** What is known of an interval that was asked. Kept in the state until the store has it. */
export interface CoverageInterval extends Interval {
  /**
   * `asked`: each index was asked and all rows are in the table. `uncertain`: may have been asked; asked again later.
   * `skipped`: was not asked and will not be.
   */
  readonly kind: "asked" | "uncertain" | "skipped";
  readonly vantage: string;
  /** Empty for `skipped`. */
  readonly agent: string;
  readonly epoch: number;
  /** Why an interval is uncertain or skipped; empty for `asked`. */
  readonly reason: string;
}

export interface SourceRefusal {
  /** The process life that refused. */
  readonly instance: string;
  readonly reason: string;
}

/**
 * Leases of one target source. `free`, the leases' `[from, to)`, `finished` and `skipped` are disjoint and tile
 * `[0, size)`, except after a cancel, when nothing is left to lease.
 */
export interface SourceState {
  readonly plan: string;
  readonly size: number;
  /** The last epoch given out. */
  readonly epoch: number;
  readonly free: Intervals;
  readonly leases: LeaseTable;
  /** Committed intervals whose lease has ended. */
  readonly finished: Intervals;
  /** Intervals that nobody could ask. */
  readonly skipped: Intervals;
  /** Agents that will not work on this source; a restarted agent is asked again. */
  readonly refusals: Readonly<Record<string, SourceRefusal>>;
  /** Coverage that the store does not have yet, oldest first. */
  readonly coverage: readonly CoverageInterval[];
}

export interface LeaseTiming {
  readonly leaseTtlMs: number;
  /** An agent that has not been heard for so long is gone for good, and its spool with it. */
  readonly goneAfterMs: number;
}

export type LeaseEvent =
  /**
   * An agent has capacity for `size` indices from the free one `from` on, or from the first that is free. `wallMs` is the
   * floor of the epoch.
   */
  | {
      readonly type: "request";
      readonly agent: string;
      readonly instance: string;
      readonly spool: string;
      readonly vantage: string;
      readonly from?: number;
      readonly size: number;
      readonly overrun: number;
      readonly packetsPerSecond: number;
      readonly nowMs: number;
      readonly wallMs: number;
    }
  /**
   * An agent's heartbeat: every lease of this source of which it has anything left to do. Must come in the order in
   * which the agent made them. `first`: of its session; grants of an earlier session that it does not list got lost.
   */
  | {
      readonly type: "heartbeat";
      readonly agent: string;
      readonly instance: string;
      readonly marks: readonly LeaseMarks[];
      readonly first: boolean;
      readonly nowMs: number;
    }
  /** An agent said hello: leases of its earlier lives are taken back, with another spool also what was done. */
  | {
      readonly type: "hello";
      readonly agent: string;
      readonly instance: string;
      readonly spool: string;
      readonly nowMs: number;
    }
  /** Time passed. */
  | { readonly type: "tick"; readonly nowMs: number }
  /** The operator says that an agent does not come back. */
  | { readonly type: "retire"; readonly agent: string; readonly nowMs: number }
  /** An agent will not work on this source. */
  | {
      readonly type: "refusal";
      readonly agent: string;
      readonly lease: string;
      readonly epoch: number;
      readonly reason: string;
      readonly nowMs: number;
    }
  /** Nobody of the vantage point can ask what is free: it is left out. */
  | { readonly type: "skip"; readonly vantage: string; readonly reason: string }
  /** A grant was not sent after all; the agent does not know of it. */
  | { readonly type: "withdrawn"; readonly agent: string; readonly lease: string }
  | { readonly type: "cancel" }
  /** The store has the first `count` coverage intervals. */
  | { readonly type: "coverage-saved"; readonly count: number };

export type LeaseEffect =
  /** To be sent to the agent once the state is durable. */
  | { readonly type: "granted"; readonly lease: Lease }
  /** To be sent to the agent, if it is there: no probe of this lease any more. */
  | {
      readonly type: "revoked";
      readonly agent: string;
      readonly lease: string;
      readonly epoch: number;
      readonly reason: string;
    };

export interface Transition {
  readonly state: SourceState;
  readonly effects: readonly LeaseEffect[];
}

/** A source of which nothing has been asked. */
export function newSource(plan: string, size: number): SourceState {
  return {
    plan,
    size,
    epoch: 0,
    free: size > 0 ? [{ from: 0, to: size }] : [],
    leases: LeaseTable.from([]),
    finished: [],
    skipped: [],
    refusals: {},
    coverage: [],
  };
}

/** True when every index is committed or left out, and the store knows it. */
export function isComplete(state: SourceState): boolean {
  return state.free.length === 0 && state.leases.size === 0 && state.coverage.length === 0;
}
