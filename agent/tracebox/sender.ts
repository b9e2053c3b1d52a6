import { BATCH_PROBES } from "../../shared/probe/kernel.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { createTarget, type TargetSource } from "../../shared/target/source.js";
import { type PrefixBudget, prefixMs } from "../rate/prefix-budget.js";
import {
  type BatchSenderOptions,
  type BatchStage,
  createBatchSender,
  type WriteBatch,
} from "../sender/batch-sender.js";
import type { Sender } from "../sender/sender.js";
import type { Skips } from "../sender/skips.js";
import { stampOf, type TraceBoard } from "./board.js";
import { type Chunk, createChunks } from "./chunk.js";
import { createHopPace } from "./hop-pace.js";
import { createTracePlans } from "./plans.js";
import { nextTtl } from "./ttl-set.js";

export interface TraceSenderOptions extends BatchSenderOptions {
  readonly board: TraceBoard;
  readonly source: TargetSource;
  /** Indices `[from, to)` of the source. */
  readonly from: number;
  readonly to: number;
  readonly variants: readonly Variant[];
  readonly maxTtl: number;
  readonly retries: number;
  readonly replyWindowMs: number;
  /** Least time between two probes to one target. */
  readonly spacingMs: number;
  /** Null: prefixes have no budget of their own. */
  readonly budget: { readonly table: PrefixBudget; readonly packetsPerSecond: number } | null;
  /** Threads that trace for the same agent: each has so large a part of what a router may get. */
  readonly loops: number;
  /** Targets that are left out when their turn comes. */
  readonly skips: Skips;
}

/** How soon a complete answer is noticed. */
const LOOK_MS = 5;
const SHORTEST_WAIT_MS = 0.5;
const SMALLEST_CHUNK = 16;
const LARGEST_CHUNK = 1024;

/**
 * Sends traces in chunks of targets, sweep by sweep: a sweep asks each target of a chunk once, with a TTL and a variant
 * that differ from target to target as if drawn, so that no router gets more than its part of a moment's probes, and a
 * target's probes lie apart. What to ask next follows from the board (`nextTtls`); while one chunk waits for answers the
 * next is sent.
 */
export function createTraceSender(options: TraceSenderOptions): Sender {
  return createBatchSender(options, (write) => createTraces(options, write));
}

function createTraces(options: TraceSenderOptions, write: WriteBatch): BatchStage {
  const { board, source, to, variants, builder, spacingMs, cap, budget, skips } = options;
  const budgetMs = budget === null ? 0 : prefixMs(1, budget.packetsPerSecond);
  const numbers = variants.map((variant) => 1 << VARIANTS.indexOf(variant));
  const chunks = createChunks(options.from, to);
  const plans = createTracePlans(options);
  const pace = createHopPace(board.hopRates, options.loops);
  const target = createTarget();
  /** Per trace, when it was last asked. */
  const askedAtMs = new Float64Array(board.capacity * variants.length);
  let knownSkips = skips.isSkipped;

  /** The targets to leave out have changed: some of those that are being traced may be among them. */
  function takeSkips(): void {
    knownSkips = skips.isSkipped;
    if (knownSkips === null) return;
    for (const chunk of chunks.open) {
      for (let index = chunk.from; index < chunk.to; index++) {
        source.targetAt(index, target);
        if (knownSkips(target.address)) chunk.left -= plans.end(index);
      }
    }
  }

  /** Opens a chunk; null when there is no index left or no place for its answers. */
  function openChunk(nowMs: number): Chunk | null {
    const { fresh } = chunks;
    const wanted = Math.ceil((2 * spacingMs * cap.packetsPerSecond) / 1000);
    const free = board.settled() + board.capacity - fresh;
    const size = Math.min(to - fresh, Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, wanted)), free);
    if (size < 1 || (size < to - fresh && size < SMALLEST_CHUNK)) return null;
    board.clear(fresh, fresh + size);
    const chunk = chunks.add(size, [board.sharedHops[0] as number, board.sharedHops[1] as number]);
    plans.begin(chunk);
    board.announce(chunk.to);
    startPass(chunk, nowMs);
    return chunk;
  }

  /** Plans what is to be asked now; closes the chunk when that is nothing. */
  function startPass(chunk: Chunk, nowMs: number): void {
    chunk.left = plans.plan(chunk);
    if (chunk.left === 0) {
      chunks.close(chunk);
      return;
    }
    chunk.state = "sending";
    chunk.sweep = 0;
    chunk.next = 0;
    chunk.sweepAtMs = Math.max(nowMs, chunk.sweepAtMs + spacingMs);
  }

  /** Moves chunks on whose answers are there or overdue. */
  function look(nowMs: number): void {
    for (const chunk of chunks.open) {
      if (chunk.state === "waiting" && (nowMs >= chunk.endsAtMs || plans.isAnswered(chunk))) startPass(chunk, nowMs);
    }
  }

  /** Puts up to `permitted` probes into the batch; returns how many. */
  function fill(permitted: number, nowMs: number, unixMs: number): number {
    look(nowMs);
    if (skips.isSkipped !== knownSkips) takeSkips();
    const most = Math.min(permitted, BATCH_PROBES);
    const stamp = stampOf(unixMs);
    let slots = 0;
    for (const chunk of chunks.open) {
      if (slots >= most) break;
      slots = sweep(chunk, slots, most, nowMs, stamp);
    }
    while (slots < most) {
      const chunk = openChunk(nowMs);
      if (chunk === null) break;
      slots = sweep(chunk, slots, most, nowMs, stamp);
    }
    write(slots, slots, unixMs);
    return slots;
  }

  /** Goes on with a chunk's sweep; returns how many slots are filled then. */
  function sweep(chunk: Chunk, filledBefore: number, most: number, nowMs: number, stamp: number): number {
    let slots = filledBefore;
    const size = chunk.to - chunk.from;
    while (chunk.state === "sending" && nowMs >= chunk.sweepAtMs) {
      for (; chunk.next < size && slots < most; chunk.next++) {
        if (ask(chunk, chunk.from + chunk.next, slots, nowMs, stamp)) slots++;
      }
      if (chunk.next < size) return slots;
      if (chunk.left > 0) {
        chunk.sweep++;
        chunk.next = 0;
        chunk.sweepAtMs = nowMs + spacingMs;
      } else {
        chunk.state = "waiting";
        chunk.answered = 0;
        chunk.endsAtMs = nowMs + options.replyWindowMs;
        // The next pass asks the same targets.
        chunk.sweepAtMs = nowMs;
      }
    }
    return slots;
  }

  /** Puts the next probe of a target into a slot, if one is planned and may go now. */
  function ask(chunk: Chunk, index: number, slot: number, nowMs: number, stamp: number): boolean {
    const first = board.placeOf(index) * variants.length;
    for (let turn = 0; turn < variants.length; turn++) {
      const variant = (index + chunk.sweep + turn) % variants.length;
      const trace = first + variant;
      chunk.left -= plans.dropBeyondEnd(trace);
      const low = plans.low[trace] as number;
      const high = plans.high[trace] as number;
      if ((low | high) === 0) continue;
      const pauseMs = board.pauseMs[trace] as number;
      if (nowMs - (askedAtMs[trace] as number) < pauseMs) continue;
      // One by one and upwards, a late answer can be taken for one to a later probe only.
      const ttl = nextTtl(low, high, pauseMs > 0 ? 0 : scatter(index, chunk.sweep));
      if (!pace.isOpen(ttl, nowMs)) continue;
      source.targetAt(index, target);
      if (budget !== null && !budget.table.take(target.address, budgetMs, nowMs)) return false;
      pace.take(ttl, nowMs);
      plans.sent(trace, ttl);
      askedAtMs[trace] = nowMs;
      chunk.left--;
      board.sentAt[trace * board.ttls + ttl] = stamp;
      builder.add(slot, target, numbers[variant] as number, ttl, slot);
      return true;
    }
    return false;
  }

  function waitMs(nowMs: number): number {
    let wait = Number.POSITIVE_INFINITY;
    for (const chunk of chunks.open) {
      wait = Math.min(wait, chunk.state === "sending" ? chunk.sweepAtMs - nowMs : LOOK_MS);
    }
    return Math.max(SHORTEST_WAIT_MS, wait);
  }

  return {
    fill,
    onOut: () => undefined,
    idleMs: (nowMs) => (chunks.done >= to ? null : waitMs(nowMs)),
    progress: () => ({ done: chunks.done, skipped: plans.skipped() }),
  };
}

/** A number from 0 to 63 that changes with either (multiplicative hashing, Knuth, TAOCP 6.4). */
function scatter(index: number, sweep: number): number {
  return Math.imul(index + Math.imul(sweep, 0x85ebca6b), 0x9e3779b1) >>> 26;
}
