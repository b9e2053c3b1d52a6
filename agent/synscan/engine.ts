import { type HalvesOptions, jobBasics, joinHalves } from "../sender/halves.js";
import type { Engine } from "../wire/engine.js";
import { createScanBoard, SKIPPED } from "./board.js";
import { createSynReplies } from "./replies.js";

export type SynScanOptions = HalvesOptions;

/** The SYN scan of one lease. The sending half (`createSynSender`) runs in the host; the receiving half here. */
export function createSynScan(options: SynScanOptions): Engine {
  const board = createScanBoard(options.from, options.to);
  const replies = createSynReplies(options, board);
  return joinHalves(options, {
    board,
    job: { ...jobBasics(options, board.memory), stage: "synscan" },
    subscription: (settled) => ({
      matcher: options.matcher,
      stage: "synscan",
      onReply: (reply) => replies.take(reply, settled()),
      onSegment: (segment, variant, capturedUs) => replies.takeSegment(segment, variant, capturedUs, settled()),
    }),
    counters: replies.counters,
    isLeftOut: (index) => (board.marks(index) & SKIPPED) !== 0,
  });
}
