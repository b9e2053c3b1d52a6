import type { Prefix } from "../../shared/address/prefix.js";
import type { PrefixShare } from "../../shared/lease/work.js";
import type { OptionProfile } from "../../shared/probe/profile.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { TargetSourceSpec } from "../../shared/target/spec.js";

/** Probes to be sent, as plain data and shared memory: it can be posted to a worker thread. */
export type SendJob = ScanJob | TraceJob;

/** What the jobs of all stages have in common. */
export interface JobBasics {
  /** Memory of the board that the job shares with its receiving half. */
  readonly board: SharedArrayBuffer;
  /** Memory of the rate caps that hold for it: the agent's, then the campaign's where it has one. */
  readonly caps: readonly [SharedArrayBuffer, ...SharedArrayBuffer[]];
  readonly source: TargetSourceSpec;
  readonly from: number;
  readonly to: number;
  readonly variants: readonly Variant[];
  readonly retries: number;
  readonly replyWindowMs: number;
  /** The campaign's, 16 bytes. */
  readonly secret: Uint8Array;
  readonly profile: OptionProfile;
  /** Left out when their turn comes: the agent's own blocks. */
  readonly skip: readonly Prefix[];
  readonly perPrefix: PrefixShare | null;
}

export interface ScanJob extends JobBasics {
  readonly stage: "synscan";
}

export interface TraceJob extends JobBasics {
  readonly stage: "tracebox";
  /** Highest TTL to try, 1 to 63. */
  readonly maxTtl: number;
  /** Least time between two probes to one target. */
  readonly spacingMs: number;
  /** Probes per second at most that one router gets to answer; null: as many as come. */
  readonly routerPacketsPerSecond: number | null;
}

/** Where the sending halves run. */
export interface SenderHost {
  /**
   * Sends until every index is over or the board says stop. Rejects with UserError when nothing can be sent at all. A
   * sleeping sender looks at its board at least every 20 ms.
   */
  send(job: SendJob): Promise<void>;
  /**
   * Leaves these out of every job, those that are under way too, in place of what it was told before. Resolves when
   * no further batch has a probe to one of them.
   */
  leaveOut(prefixes: readonly Prefix[]): Promise<void>;
  /** Of the ports that are the host's own. */
  stats(): { readonly sent: number; readonly sendErrors: number; readonly rateWaits: number };
  /** Ends what still runs. */
  close(): Promise<void>;
}
