import type { EvidenceRow } from "../../shared/batch/rows.js";
import type { ProbeFields } from "../../shared/probe/fields.js";
import type { ReplyMatcher } from "../../shared/probe/match.js";
import type { OptionProfile } from "../../shared/probe/profile.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { TargetSource } from "../../shared/target/source.js";
import type { Clock } from "./clock.js";
import type { Receiver } from "./receiver.js";

/** What every probe engine works with: one engine per lease. */
export interface EngineOptions {
  /** Shared by all engines of the interface. */
  readonly receiver: Receiver;
  readonly clock: Clock;
  /** Of the campaign, 16 bytes. */
  readonly secret: Uint8Array;
  /** Made from the secret; share the objects between the campaign's engines. */
  readonly fields: ProbeFields;
  readonly matcher: ReplyMatcher;
  readonly profile: OptionProfile;
  readonly source: TargetSource;
  /** Id of the target source, as rows carry it. */
  readonly sourceId: string;
  /** Indices `[from, to)` of the source. */
  readonly from: number;
  readonly to: number;
  readonly variants: readonly Variant[];
  /** How often a probe without an answer is sent again. */
  readonly retries: number;
  readonly replyWindowMs: number;
  /** Takes each row the moment it is made; its arrays are copies, `packet` is valid during the call only. */
  readonly emit: (row: EvidenceRow, packet: Uint8Array) => void;
  /** Told of each index that was left out without having been asked, before it counts as done. */
  readonly onLeftOut?: (index: number) => void;
}

export interface EngineProgress {
  /** Absolute indices: nothing was sent from `sent` on; everything below `done` is over, its reply window and retries too. */
  readonly sent: number;
  readonly done: number;
  readonly packets: number;
  /** Rows made. */
  readonly replies: number;
  readonly duplicates: number;
  /** Replies that came after their index was done; counted, not emitted. */
  readonly late: number;
  /** Targets left out because they are not to be probed. */
  readonly skipped: number;
}

export interface Engine {
  progress(): EngineProgress;
  /** Sending may have been forbidden or allowed: it is looked at now. */
  gateMoved(): void;
  /**
   * Works until every index is done. After `signal` was aborted nothing is sent; it resolves when the reply window of
   * what was sent is over, and takes the replies in until then. Rejects with UserError when nothing can be
   * sent at all (interface gone, no source address of the targets' family). Can be run once.
   */
  run(signal: AbortSignal): Promise<void>;
}
