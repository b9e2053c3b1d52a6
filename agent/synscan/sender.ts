import type { ProbeBuilder } from "../../shared/probe/build.js";
import { BATCH_ENTRIES, type ProbeKernel, STAGED_BYTES } from "../../shared/probe/kernel.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import type { MutableTarget, TargetSource } from "../../shared/target/source.js";
import type { PrefixBudget } from "../rate/prefix-budget.js";
import type { RateCap } from "../rate/rate-cap.js";
import type { SendPort } from "../wire/port.js";
import { type ScanBoard, SKIPPED } from "./board.js";
import { createDeferred } from "./deferred.js";
import { chunkIndices, createSchedule, type Pass } from "./schedule.js";

export interface SynSenderOptions {
  readonly port: SendPort;
  readonly board: ScanBoard;
  readonly source: TargetSource;
  /** Indices `[from, to)` of the source. */
  readonly from: number;
  readonly to: number;
  readonly variants: readonly Variant[];
  readonly builder: ProbeBuilder;
  /** The builder's. */
  readonly kernel: ProbeKernel;
  /** TTL of the probes. */
  readonly ttl: number;
  /** How often a probe without an answer is sent again. */
  readonly retries: number;
  readonly replyWindowMs: number;
  readonly cap: RateCap;
  /** Null: prefixes have no budget of their own. */
  readonly budget: { readonly table: PrefixBudget; readonly packetsPerSecond: number } | null;
  /** Targets that are left out when their turn comes. */
  readonly isSkipped: (address: Uint8Array) => boolean;
  readonly clock: { monotonicMs(): number; unixMs(): number };
}

/** The sending half of a scan. It never waits itself, so that one thread can serve several and stay in step. */
export interface SynSender {
  /**
   * Sends at most one batch. Returns the milliseconds until there is something to do again (0: at once), or null when
   * every index is over or the board says stop. Throws UserError when nothing can be sent at all.
   */
  step(): number | null;
}

/** A pass under way: it is out when all of its targets were taken and none waits for its prefix. */
interface OpenPass extends Pass {
  next: number;
  waiting: number;
}

/** Looking again at a closed gate, a full table, a busy device or a reply window costs next to nothing. */
const LONGEST_WAIT_MS = 20;
const GATE_PAUSE_MS = 5;
const BUSY_PAUSE_MS = 0.2;
/** Targets that may wait for their prefix's budget at the same time. */
const MOST_DEFERRED = 1 << 14;

/**
 * Sends a scan index by index, all probes of a target one after another so that a control is close to its pair, in
 * chunks that overlap: while one chunk waits for its replies the next is sent.
 */
export function createSynSender(options: SynSenderOptions): SynSender {
  const { port, board, source, from, to, variants, builder, kernel, ttl, cap, budget, isSkipped, clock } = options;
  const inPlace = port.words.buffer === kernel.words.buffer;
  const numbers = variants.map((variant) => VARIANTS.indexOf(variant));
  const allBits = (1 << variants.length) - 1;
  const schedule = createSchedule({
    from,
    to,
    retries: options.retries,
    replyWindowMs: options.replyWindowMs,
    isComplete: (index) => {
      const marks = board.marks(index);
      return (marks & allBits) === allBits || (marks & SKIPPED) !== 0;
    },
  });
  const deferred = createDeferred<OpenPass>(MOST_DEFERRED);
  const target: MutableTarget = { address: new Uint8Array(16), port: 0 };
  /** The pass whose targets are being taken, and the target whose probes are being sent. */
  let pass: OpenPass | null = null;
  let current = -1;
  let currentMarks = 0;
  let currentOf: OpenPass | null = null;
  let variantAt = 0;
  /** Slots that hold probes: those from `unsent` to `filled` are still to be sent. */
  let filled = 0;
  let unsent = 0;
  /** Passes whose last probes lie in the slots: their reply windows begin when these are sent. */
  const leaving: OpenPass[] = [];
  let cleared = from;
  let sent = from;
  let packets = 0;
  let skipped = 0;

  function missingProbes(marks: number): number {
    if ((marks & SKIPPED) !== 0) return 0;
    let missing = 0;
    for (let i = 0; i < variants.length; i++) missing += ((marks >>> i) & 1) ^ 1;
    return missing;
  }

  /** Makes the next target current; false when none can be taken now. */
  function takeTarget(nowMs: number): boolean {
    if (deferred.size > 0 && deferred.nextAtMs <= nowMs) {
      const due = deferred.take();
      if (due !== undefined) {
        due.of.waiting--;
        source.targetAt(due.index, target);
        begin(due.index, due.of, board.marks(due.index));
        return true;
      }
    }
    while (!deferred.isFull) {
      if (pass === null || pass.next >= pass.to) {
        if (pass !== null && pass.waiting === 0) leaving.push(pass);
        pass = nextPass(nowMs);
        if (pass === null) return false;
      }
      const index = pass.next;
      const marks = board.marks(index);
      const missing = missingProbes(marks);
      if (missing === 0) {
        pass.next++;
        continue;
      }
      source.targetAt(index, target);
      if (isSkipped(target.address)) {
        board.mark(index, SKIPPED);
        skipped++;
        pass.next++;
        continue;
      }
      const atMs =
        budget === null ? nowMs : budget.table.reserve(target.address, missing, 1000 / budget.packetsPerSecond, nowMs);
      if (atMs === null) return false;
      pass.next++;
      if (atMs <= nowMs) {
        begin(index, pass, marks);
        return true;
      }
      pass.waiting++;
      deferred.add(atMs, index, pass);
    }
    return false;
  }

  function begin(index: number, of: OpenPass, marks: number): void {
    builder.aim(target);
    current = index;
    currentMarks = marks;
    currentOf = of;
    variantAt = 0;
    if (index >= sent) sent = index + 1;
  }

  function nextPass(nowMs: number): OpenPass | null {
    reuse();
    // The places of the answers must not be those of indices that are still open.
    const free = board.settled + board.capacity - schedule.fresh;
    const size = Math.min(free, chunkIndices(cap.packetsPerSecond, variants.length));
    const next = schedule.next(nowMs, size);
    return next === null ? null : { ...next, next: next.from, waiting: 0 };
  }

  /** Empties the places of what the receiver is done with too. */
  function reuse(): void {
    const { settled } = board;
    if (settled > cleared) {
      board.clear(cleared, settled);
      cleared = settled;
    }
  }

  /** Puts up to `permitted` probes into the port's slots; returns how many. */
  function fill(permitted: number, nowMs: number): number {
    const most = Math.min(permitted, BATCH_ENTRIES);
    let slots = 0;
    while (slots < most) {
      if (current < 0 && !takeTarget(nowMs)) break;
      for (; variantAt < variants.length && slots < most; variantAt++) {
        if ((currentMarks & (1 << variantAt)) !== 0) continue;
        builder.add(slots, numbers[variantAt] as number, ttl, placeOf(slots));
        slots++;
      }
      if (variantAt >= variants.length) endTarget();
    }
    builder.write(slots, clock.unixMs());
    for (let i = 0; i < slots; i++) {
      if (!inPlace) copyToSlot(i);
      port.setLength(i, builder.lengthOf(i));
    }
    return slots;
  }

  /** Where the kernel is to write the packet of a slot: in the slot itself, if its memory has the port's frames. */
  function placeOf(slot: number): number {
    return inPlace ? port.words.byteOffset + 4 * port.slotAt(slot) : kernel.stagedAt + slot * STAGED_BYTES;
  }

  function copyToSlot(slot: number): void {
    const from = (kernel.stagedAt + slot * STAGED_BYTES) / 4;
    const to = port.slotAt(slot);
    for (let i = 0; i < STAGED_BYTES / 4; i++) port.words[to + i] = kernel.words[from + i] as number;
  }

  function endTarget(): void {
    current = -1;
    // The last target of a pass that the cursor has left.
    if (currentOf !== null && currentOf !== pass && currentOf.next >= currentOf.to && currentOf.waiting === 0) {
      leaving.push(currentOf);
    }
    currentOf = null;
  }

  function flush(): number {
    const taken = port.send(filled, unsent);
    unsent += taken;
    packets += taken;
    if (unsent < filled) return taken > 0 ? 0 : BUSY_PAUSE_MS;
    filled = 0;
    unsent = 0;
    beginWindows();
    return 0;
  }

  function beginWindows(): void {
    if (leaving.length === 0) return;
    const nowMs = clock.monotonicMs();
    for (const out of leaving) schedule.sent(out, nowMs);
    leaving.length = 0;
  }

  function step(): number | null {
    if (board.stopped) return null;
    const nowMs = clock.monotonicMs();
    if (board.allowedUntil <= nowMs) return GATE_PAUSE_MS;
    if (filled > 0) return flush();
    const permitted = cap.take(port.slots);
    if (permitted === 0) return Math.min(LONGEST_WAIT_MS, cap.readyInMs());
    filled = fill(permitted, nowMs);
    cap.giveBack(permitted - filled);
    board.announce(sent);
    if (filled > 0) return flush();
    beginWindows();
    if (schedule.done >= to) return null;
    return Math.min(LONGEST_WAIT_MS, Math.max(1, deferred.nextAtMs - nowMs));
  }

  return {
    step() {
      try {
        return step();
      } finally {
        board.publish({ done: schedule.done, packets, skipped });
      }
    },
  };
}
