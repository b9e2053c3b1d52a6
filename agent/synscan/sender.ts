import type { ProbeBuilder } from "../../shared/probe/build.js";
import { BATCH_PROBES, type ProbeKernel, STAGED_BYTES } from "../../shared/probe/kernel.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { createTarget, type TargetSource } from "../../shared/target/source.js";
import type { PrefixBudget } from "../rate/prefix-budget.js";
import type { RateCap } from "../rate/rate-cap.js";
import { STOPPED } from "../sender/board.js";
import type { Sender } from "../sender/sender.js";
import type { SendPort } from "../wire/port.js";
import { type ScanBoard, SKIPPED } from "./board.js";
import { createDeferred } from "./deferred.js";
import { chunkIndices, createSchedule, type Pass } from "./schedule.js";
import { countBits, lowestBits } from "./variant-bits.js";

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
  /** Targets that are left out when their turn comes; null: none. */
  readonly isSkipped: ((address: Uint8Array) => boolean) | null;
  readonly clock: { monotonicMs(): number; unixMs(): number };
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

/** Looking again at a closed gate, a full table, a busy device or a reply window costs next to nothing. */
const LONGEST_WAIT_MS = 20;
const GATE_PAUSE_MS = 5;
const BUSY_PAUSE_MS = 0.2;
/** Without a pause between two of which the board is told how far the sender is: a few milliseconds at full rate. */
const STEPS = 8;
/** Targets that may wait for their prefix's budget at the same time. */
const MOST_DEFERRED = 1 << 14;

/**
 * Sends a scan index by index, all probes of a target one after another so that a control is close to its pair, in
 * chunks that overlap: while one chunk waits for its replies the next is sent.
 */
export function createSynSender(options: SynSenderOptions): Sender {
  const { port, board, source, from, to, variants, builder, kernel, ttl, cap, budget, isSkipped, clock } = options;
  // Asked for each target: apart from the board's getters, for which V8 would look it up by name.
  const { marks: marksAt } = board;
  const inPlace = port.words.buffer === kernel.words.buffer;
  const allBits = (1 << variants.length) - 1;
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
      return (marks & allBits) === allBits || (marks & SKIPPED) !== 0;
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
  /** Slots that hold probes: those from `unsent` to `filled` are still to be sent. */
  let filled = 0;
  let unsent = 0;
  /** Passes whose last probes lie in the slots: their reply windows begin when these are sent. */
  const leaving: Pass[] = [];
  let cleared = from;
  /** Since the board was told how far this is. */
  let steps = 0;
  let packets = 0;
  let skipped = 0;

  /** Probes that a target with these marks still needs, as bits of VARIANTS. */
  const missingProbes = (marks: number): number =>
    (marks & SKIPPED) !== 0 ? 0 : (wantedFor[~marks & allBits] as number);

  /** Makes the next target current; false when none can be taken now. */
  function takeTarget(nowMs: number): boolean {
    if (deferred.size() > 0 && deferred.nextAtMs() <= nowMs) {
      const due = deferred.take();
      if (due !== undefined) {
        due.of.waiting--;
        source.targetAt(due.index, target);
        begin(due.index, due.of, missingProbes(marksAt(due.index)));
        return true;
      }
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
        if (isSkipped?.(target.address)) {
          board.mark(index, SKIPPED);
          skipped++;
        } else {
          const atMs = reserve(missing, nowMs);
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

  /** When the target's probes may go; null: ask again. */
  function reserve(probes: number, nowMs: number): number | null {
    return budget === null
      ? nowMs
      : budget.table.reserve(target.address, countBits(probes), 1000 / budget.packetsPerSecond, nowMs);
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

  /** Puts up to `permitted` probes into the port's slots; returns how many. */
  function fill(permitted: number, nowMs: number): number {
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
    // The kernel writes into the slots themselves, if its memory has the port's frames.
    if (inPlace) port.slotsAt(slots, kernel.places);
    else for (let i = 0; i < slots; i++) kernel.places[i] = kernel.stagedAt + i * STAGED_BYTES;
    builder.write(targets, clock.unixMs());
    if (!inPlace) for (let i = 0; i < slots; i++) copyToSlot(i);
    port.setFacts(slots, kernel.facts);
    return slots;
  }

  /**
   * Adds the next targets as long as nothing has to be decided for one of them: they get all of their probes, now. That
   * is most of a scan. Returns how many.
   */
  function addRun(targets: number, slots: number, most: number): number {
    if (budget !== null || isSkipped !== null || reader.run === null) return 0;
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

  function copyToSlot(slot: number): void {
    const from = (kernel.stagedAt + slot * STAGED_BYTES) / 4;
    const to = port.slotAt(slot);
    for (let i = 0; i < STAGED_BYTES / 4; i++) port.words[to + i] = kernel.words[from + i] as number;
  }

  function endTarget(): void {
    indices[CURRENT] = NONE;
    // The last target of a pass that the cursor has left.
    if (currentOf?.isTaken && currentOf.waiting === 0) leaving.push(currentOf.pass);
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
    const allowedUntil = board.allowedUntil();
    if (allowedUntil === STOPPED) return null;
    const nowMs = clock.monotonicMs();
    if (allowedUntil <= nowMs) return GATE_PAUSE_MS;
    if (filled > 0) return flush();
    const permitted = cap.take(port.slots);
    if (permitted === 0) return Math.min(LONGEST_WAIT_MS, cap.readyInMs());
    filled = fill(permitted, nowMs);
    cap.giveBack(permitted - filled);
    board.announce(indices[SENT] as number);
    if (filled > 0) return flush();
    beginWindows();
    if (schedule.done >= to) return null;
    return Math.min(LONGEST_WAIT_MS, Math.max(1, deferred.nextAtMs() - nowMs));
  }

  function publish(): void {
    board.publish({ done: schedule.done, packets, skipped });
    steps = 0;
  }

  return {
    step() {
      let wait: number | null;
      try {
        wait = step();
      } catch (error) {
        publish();
        throw error;
      }
      if (wait !== 0 || ++steps === STEPS) publish();
      return wait;
    },
    isMidBatch: () => unsent < filled,
  };
}
