import type { Prefix } from "../../shared/address/prefix.js";
import type { PrefixShare } from "../../shared/lease/work.js";
import type { OptionProfile } from "../../shared/probe/profile.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { TargetSourceSpec } from "../../shared/target/spec.js";

/** A scan to be sent, as plain data and shared memory: it can be posted to a worker thread. */
export interface SendJob {
  /** Memory of the scan's board. */
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
  /** Left out when their turn comes: opt-outs, the agent's own blocks. */
  readonly skip: readonly Prefix[];
  readonly perPrefix: PrefixShare | null;
}

/** Where the sending halves of scans run. */
export interface SenderHost {
  /**
   * Sends until every index is over or the board says stop. Rejects with UserError when nothing can be sent at all. A
   * sleeping sender looks at its board at least every 20 ms.
   */
  send(job: SendJob): Promise<void>;
  /** Of the ports that are the host's own. */
  stats(): { readonly sent: number; readonly sendErrors: number };
  /** Ends what still runs. */
  close(): Promise<void>;
}
