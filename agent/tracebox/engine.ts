import { type HalvesOptions, jobBasics, joinHalves } from "../sender/halves.js";
import type { Engine } from "../wire/engine.js";
import { createTraceBoard } from "./board.js";
import { createTraceReplies } from "./replies.js";

export interface TraceboxOptions extends HalvesOptions {
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  /** Highest TTL to try, at most 63: probes have 6 bits for it. */
  readonly maxTtl: number;
  /** Least time between two probes to one target. */
  readonly spacingMs?: number;
  /** Probes per second at most that one router gets to answer; null: as many as come. */
  readonly routerPacketsPerSecond: number | null;
  /** Every trace asks its first hops, also where all targets share them; false by default. */
  readonly everyHop?: boolean;
}

const DEFAULT_SPACING_MS = 10;

/**
 * The traces of one lease. The sending half (`createTraceSender`) runs in the host; the receiving half matches answers
 * from the packets alone. The flow is constant within a trace (Paris traceroute).
 */
export function createTracebox(options: TraceboxOptions): Engine {
  const { from, to, variants, maxTtl, spacingMs = DEFAULT_SPACING_MS, routerPacketsPerSecond } = options;
  const board = createTraceBoard(from, to, { variants: variants.length, maxTtl });
  const replies = createTraceReplies(options, board);
  return joinHalves(options, {
    board,
    job: { ...jobBasics(options, board.memory), stage: "tracebox", maxTtl, spacingMs, routerPacketsPerSecond },
    subscription: (settled) => ({
      matcher: options.matcher,
      stage: "tracebox",
      onReply: (reply) => replies.take(reply, settled()),
      onQuoted: (quoted, capturedUs) => replies.takeQuoted(quoted, capturedUs, settled()),
    }),
    counters: replies.counters,
    isLeftOut: (index) => board.leftOut[board.placeOf(index)] !== 0,
  });
}
