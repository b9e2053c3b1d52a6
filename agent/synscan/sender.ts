import { BATCH_PROBES } from "../../shared/probe/kernel.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { createTarget, type TargetSource } from "../../shared/target/source.js";
import { LATE_MS, type PrefixBudget, prefixMs } from "../rate/prefix-budget.js";
import {
  type BatchSenderOptions,
  type BatchStage,
  createBatchSender,
  type WriteBatch,
} from "../sender/batch-sender.js";
import type { Sender } from "../sender/sender.js";
import type { Skips } from "../sender/skips.js";
import { ENDED, type ScanBoard, SKIPPED } from "./board.js";
import { createDeferred } from "./deferred.js";
import { chunkIndices, createSchedule, type Pass } from "./schedule.js";
import { countBits, lowestBits } from "./variant-bits.js";

export interface SynSenderOptions extends BatchSenderOptions {
  readonly board: ScanBoard;
  readonly source: TargetSource;
  /** Indices `[from, to)` of the source. */
  readonly from: number;
  readonly to: number;
  readonly variants: readonly Variant[];
  /** TTL of the probes. */
  readonly ttl: number;
  /** How often a probe without an answer is sent again. */
  readonly retries: number;
  readonly replyWindowMs: number;
  /** Null: prefixes have no budget of their own. */
  readonly budget: { readonly table: PrefixBudget; readonly packetsPerSecond: number } | null;
  /** Targets that are left out when their turn comes. */
  readonly skips: Skips;
}

/** A pass under way: it is out when all of its targets were taken and none waits for its prefix. */
interface OpenPass {
  readonly pass: Pass;
  /** All of its targets were taken. */
  isTaken: boolean;
  waiting: number;
}

/**
 * Indices of the hot loop. They may pass 2^31, and V8 would allocate for every such number that a closure's variable
 * or an object's field takes, but not for an element of a Float64Array.
 */
const NEXT = 0;
const PASS_END = 1;
const CURRENT = 2;
const SENT = 3;
const NONE = -1;

/** Targets that may wait for their prefix's budget at the same time. */
const MOST_DEFERRED = 1 << 14;

/**
 * Sends a scan index by index, all probes of a target one after another so that a control is close to its pair, in
 * chunks that overlap: while one chunk waits for its replies the next is sent.
 */
export function createSynSender(options: SynSenderOptions): Sender {
  return createBatchSender(options, (write) => createScan(options, write));
}

function createScan(options: SynSenderOptions, write: WriteBatch): BatchStage {
  const { board, source, from, to, variants, builder, ttl, cap, budget, skips, clock } = options;
  // A retry with fewer probes takes as long: then every second has the same number of targets.
  const budgetMs = budget === null ? 0 : prefixMs(variants.length, budget.packetsPerSecond);
  // Asked for each target: apart from the board's getters, for which V8 would look it up by name.
  const { marks: marksAt } = board;
  const allBits = (1 << variants.length) - 1;
  /** No probe is sent any more to a target with one of these. */
  const over = SKIPPED | ENDED;
  let knownSkips = skips.isSkipped;
  /** For each set of bits on the board that are missing, the variants that they stand for as bits of VARIANTS. */
  const wantedFor = Uint8Array.from({ length: allBits + 1 }, (_, missing) =>
    variants.reduce((all, variant, i) => all | (((missing >>> i) & 1) << VARIANTS.indexOf(variant)), 0),
  );
  const allWanted = wantedFor[allBits] as number;
  const schedule = createSchedule({
    from,
    to,
    retries: options.retries,
    replyWindowMs: options.replyWindowMs,
    isComplete: (index) => {
      const marks = marksAt(index);
      return (marks & allBits) === allBits || (marks & over) !== 0;
    },
  });
  const deferred = createDeferred<OpenPass>(MOST_DEFERRED);
  const target = createTarget();
  const reader = source.readAhead(to);
  /** The pass whose targets are being taken, and the target whose probes are being sent. */
  let open: OpenPass | null = null;
  const indices = Float64Array.of(from, from, NONE, from);
  /** Its probes that are still to be sent, as bits of VARIANTS. */
  let wanted = 0;
  let currentOf: OpenPass | null = null;
  /** Passes whose last probes lie in the batch: their reply windows begin when it is out. */
  const leaving: Pass[] = [];
  let cleared = from;
  let skipped = 0;

  /** Probes that a target with these marks still needs, as bits of VARIANTS. */
  const missingProbes = (marks: number): number => ((marks & over) !== 0 ? 0 : (wantedFor[~marks & allBits] as number));

  /** Makes the next target current; false when none can be taken now. */
  function takeTarget(nowMs: number): boolean {
    for (let dueMs = deferred.nextAtMs(); dueMs <= nowMs; dueMs = deferred.nextAtMs()) {
      const due = deferred.take();
      if (due === undefined) break;
      source.targetAt(due.index, target);
      // It may have opted out while it waited.
      const isOut = skips.isSkipped?.(target.address) ?? false;
      // Nothing was sent for a while: what was due meanwhile must not go out all at once.
      const atMs = isOut || nowMs <= dueMs + LATE_MS ? nowMs : reserve(nowMs);
      if (atMs === null || atMs > nowMs) {
        deferred.add(atMs ?? dueMs, due.index, due.of);
        if (atMs === null) return false;
        continue;
      }
      due.of.waiting--;
      if (isOut) leaveOut(due.index, due.of);
      begin(due.index, due.of, isOut ? 0 : missingProbes(marksAt(due.index)));
      return true;
    }
    while (!deferred.isFull()) {
      const index = indices[NEXT] as number;
      if (index >= (indices[PASS_END] as number)) {
        if (!takePass(nowMs)) return false;
        continue;
      }
      const missing = missingProbes(marksAt(index));
      if (missing !== 0) {
        reader.targetAt(index, target);
        if (skips.isSkipped?.(target.address)) leaveOut(index, open);
        else {
          const atMs = reserve(nowMs);
          if (atMs === null) return false;
          if (atMs <= nowMs) {
            indices[NEXT] = index + 1;
            begin(index, open, missing);
            return true;
          }
          if (open !== null) {
            open.waiting++;
            deferred.add(atMs, index, open);
          }
        }
      }
      indices[NEXT] = index + 1;
    }
    return false;
  }

  /** A target of the first pass was not asked at all; one of a later pass was, and is not asked again. */
  function leaveOut(index: number, of: OpenPass | null): void {
    const isFirst = of?.pass.number === 0;
    board.mark(index, isFirst ? SKIPPED : ENDED);
    if (isFirst) skipped++;
  }

  /** The targets to leave out have changed: the one whose probes are being sent may be one of them. */
  function takeSkips(): void {
    knownSkips = skips.isSkipped;
    const index = indices[CURRENT] as number;
    if (index === NONE || knownSkips === null) return;
    source.targetAt(index, target);
    if (!knownSkips(target.address)) return;
    board.mark(index, ENDED);
    wanted = 0;
    endTarget();
  }

  /** When the target's probes may go; null: ask again. */
  function reserve(nowMs: number): number | null {
    return budget === null ? nowMs : budget.table.reserve(target.address, budgetMs, nowMs);
  }

  function begin(index: number, of: OpenPass | null, probes: number): void {
    indices[CURRENT] = index;
    wanted = probes;
    currentOf = of;
    if (index >= (indices[SENT] as number)) indices[SENT] = index + 1;
  }

  /** Goes on to the next pass; false when none is to be sent now. */
  function takePass(nowMs: number): boolean {
    if (open !== null) {
      open.isTaken = true;
      if (open.waiting === 0) leaving.push(open.pass);
      open = null;
    }
    reuse();
    // The places of the answers must not be those of indices that are still open.
    const free = board.settled() + board.capacity - schedule.fresh;
    const pass = schedule.next(nowMs, Math.min(free, chunkIndices(cap.packetsPerSecond, variants.length)));
    if (pass === null) return false;
    open = { pass, isTaken: false, waiting: 0 };
    indices[NEXT] = pass.from;
    indices[PASS_END] = pass.to;
    return true;
  }

  /** Empties the places of what the receiver is done with too. */
  function reuse(): void {
    const settled = board.settled();
    if (settled > cleared) {
      board.clear(cleared, settled);
      cleared = settled;
    }
  }

  /** Puts up to `permitted` probes into the batch; returns how many. */
  function fill(permitted: number, nowMs: number, unixMs: number): number {
    if (skips.isSkipped !== knownSkips) takeSkips();
    const most = Math.min(permitted, BATCH_PROBES);
    let slots = 0;
    let targets = 0;
    while (slots < most) {
      if (indices[CURRENT] === NONE) {
        const added = addRun(targets, slots, most);
        targets += added;
        slots += added * variants.length;
        if (slots >= most || !takeTarget(nowMs)) break;
      }
      const now = lowestBits(wanted, most - slots);
      builder.add(targets, target, now, ttl, slots);
      targets++;
      slots += countBits(now);
      wanted ^= now;
      if (wanted === 0) endTarget();
    }
    write(targets, slots, unixMs);
    board.announce(indices[SENT] as number);
    return slots;
  }

  /**
   * Adds the next targets as long as nothing has to be decided for one of them: they get all of their probes, now. That
   * is most of a scan. Returns how many.
   */
  function addRun(targets: number, slots: number, most: number): number {
    if (budget !== null || skips.isSkipped !== null || reader.run === null) return 0;
    const index = indices[NEXT] as number;
    const end = Math.min(indices[PASS_END] as number, index + Math.floor((most - slots) / variants.length));
    const unmarked = index < end ? board.unmarked(index, end) : 0;
    if (unmarked === 0) return 0;
    const count = Math.min(unmarked, reader.runFrom(index));
    builder.addIpv4(targets, reader.run, reader.wordOf(index), count, allWanted, ttl, slots);
    indices[NEXT] = index + count;
    indices[SENT] = Math.max(indices[SENT] as number, index + count);
    return count;
  }

  function endTarget(): void {
    indices[CURRENT] = NONE;
    // The last target of a pass that the cursor has left.
    if (currentOf?.isTaken && currentOf.waiting === 0) leaving.push(currentOf.pass);
    currentOf = null;
  }

  function beginWindows(): void {
    if (leaving.length === 0) return;
    const nowMs = clock.monotonicMs();
    for (const out of leaving) schedule.sent(out, nowMs);
    leaving.length = 0;
  }

  return {
    fill,
    onOut: beginWindows,
    idleMs(nowMs) {
      beginWindows();
      if (schedule.done >= to) return null;
      return Math.max(1, deferred.nextAtMs() - nowMs);
    },
    progress: () => ({ done: schedule.done, skipped }),
  };
}
