import type { FactRow } from "../../shared/batch/rows.js";
import type { ProbeFields } from "../../shared/probe/fields.js";
import type { ReplyMatcher } from "../../shared/probe/match.js";
import type { OptionProfile } from "../../shared/probe/profile.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { TargetSource } from "../../shared/target/source.js";
import type { Clock } from "./clock.js";
import type { Pacer } from "./pacer.js";
import type { PacketPort } from "./port.js";
import type { Receiver } from "./receiver.js";

/** What every probe engine works with: one engine per lease. */
export interface EngineOptions {
  /** Shared by all engines of the interface. */
  readonly port: PacketPort;
  readonly receiver: Receiver;
  readonly pacer: Pacer;
  readonly clock: Clock;
  /** Of the campaign; share the objects between its engines. */
  readonly fields: ProbeFields;
  readonly matcher: ReplyMatcher;
  readonly profile: OptionProfile;
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
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
  /** Takes each row the moment it is made; its arrays are copies. */
  readonly emit: (row: FactRow) => void;
  /** Targets that are not to be sent to (opt-outs, the agent's own blocks); looked at for every target when its turn comes. */
  readonly isBlocked: (address: Uint8Array) => boolean;
}

export interface EngineProgress {
  /** Absolute indices: everything below was sent once; everything below is over, its reply window and retries too. */
  readonly sent: number;
  readonly done: number;
  readonly packets: number;
  /** Rows made. */
  readonly replies: number;
  readonly duplicates: number;
  /** Replies that came after their index was done; counted, not emitted. */
  readonly late: number;
  /** Targets left out because `isBlocked` said so. */
  readonly skipped: number;
}

export interface Engine {
  progress(): EngineProgress;
  /**
   * Works until every index is done. After `signal` was aborted nothing is sent; it resolves when the reply window of
   * what was sent is over, and takes the replies in until then. Rejects with UserError when nothing can be
   * sent at all (interface gone, no source address of the targets' family). Can be run once.
   */
  run(signal: AbortSignal): Promise<void>;
}
