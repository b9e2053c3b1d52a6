import type { FactRow } from "../../shared/batch/rows.js";
import type { WorkPlan } from "../../shared/lease/work.js";
import type { TargetSource } from "../../shared/target/source.js";
import type { TargetSourceSpec } from "../../shared/target/spec.js";

/** One shard to be probed: the indices [from, to) of `source`. */
export interface ProbeJob {
  readonly plan: WorkPlan;
  readonly source: TargetSource;
  /** The same source as data, for the sending thread. */
  readonly sourceSpec: TargetSourceSpec;
  readonly from: number;
  readonly to: number;
  /**
   * Until when may be sent, in monotonic ms; in the past: send nothing now, ask again. Looked at before every send
   * batch. Replies are taken in all the same.
   */
  readonly allowedUntil: () => number;
  readonly emit: (row: FactRow) => void;
}

/** A shard being probed. `sent` and `done` are absolute indices and never go back. */
export interface ProbeRun {
  /** No index from here on was sent to. */
  readonly sent: number;
  /** Retries and the reply window of every index below are over: no row of theirs comes any more. */
  readonly done: number;
  /** What `allowedUntil` says has changed otherwise than by time: it is looked at now. */
  gateMoved(): void;
  /** Sends nothing from now on; `finished` follows when the reply window of what was sent is over. */
  stop(): void;
  /** Resolves at the end, or after `stop`; rejects when the engine cannot go on. */
  readonly finished: Promise<void>;
}

export type StartProbing = (job: ProbeJob) => ProbeRun;
