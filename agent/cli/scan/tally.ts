import type { EvidenceRow } from "../../../shared/batch/rows.js";
import type { ReplyFilter } from "../../../shared/zmap/filter.js";
import type { RowFormat } from "../../../shared/zmap/format.js";
import { isSuccess } from "../../../shared/zmap/ip-fields.js";
import { type ReplyHeader, scannedReply } from "../../../shared/zmap/reply.js";
import type { ScanTotals } from "./checkpoint.js";

/** What becomes of the replies: lines of output, and counts over all runs. */
export interface ScanTally {
  /** Takes each reply the moment it comes. */
  take(row: EvidenceRow, header: ReplyHeader | null): void;
  counts(): Pick<ScanTotals, "replies" | "successes" | "cooldownSuccesses" | "results">;
}

export interface ScanTallyOptions {
  readonly format: RowFormat;
  readonly filter: ReplyFilter;
  /** Rows to print, over all runs; null: no limit. */
  readonly maxResults: number | null;
  readonly before: ScanTotals;
  /** Rows of an earlier run that `before` does not count. */
  readonly uncountedResults: number;
  readonly write: (line: string) => void;
  /** True when every target has had its first probes. */
  readonly isCooldown: () => boolean;
  /** Called once, with the last row that is to be printed. */
  readonly onEnough: () => void;
}

export function createTally(options: ScanTallyOptions): ScanTally {
  const { format, filter, maxResults, before } = options;
  let { replies, successes, cooldownSuccesses } = before;
  let results = before.results + options.uncountedResults;

  return {
    take(row, header) {
      // The scan's own rows; nothing else is subscribed.
      if (row.table !== "syn_replies") return;
      const reply = scannedReply(row, header, options.isCooldown());
      replies++;
      if (isSuccess(reply)) {
        successes++;
        if (reply.cooldown) cooldownSuccesses++;
      }
      if ((maxResults !== null && results >= maxResults) || !filter(reply)) return;
      options.write(format.row(reply));
      results++;
      if (results === maxResults) options.onEnough();
    },
    counts: () => ({ replies, successes, cooldownSuccesses, results }),
  };
}
