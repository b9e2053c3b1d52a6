import type { ProbeBuilder } from "../../shared/probe/build.js";
import { type ProbeKernel, STAGED_BYTES } from "../../shared/probe/kernel.js";
import type { RateCap } from "../rate/rate-cap.js";
import type { SendPort } from "../wire/port.js";
import { type SendBoard, STOPPED } from "./board.js";
import type { Sender } from "./sender.js";

/** Where a job's probes go, and what permits them. */
export interface BatchSenderOptions {
  readonly port: SendPort;
  readonly board: Pick<SendBoard, "allowedUntil" | "publish">;
  readonly builder: ProbeBuilder;
  /** The builder's. */
  readonly kernel: ProbeKernel;
  readonly cap: RateCap;
  readonly clock: { monotonicMs(): number; unixMs(): number };
  /** Counts what it waits for, where there is one. */
  readonly waits?: SenderWaits;
}

/** Of all jobs of a thread. */
export interface SenderWaits {
  /** Times that the rate had no packet left. */
  rate: number;
}

/** What a stage decides: which probes are next, and when there are none. */
export interface BatchStage {
  /** Gives the builder at most `permitted` probes and writes them with `write`; returns how many. Both times are now. */
  fill(permitted: number, nowMs: number, unixMs: number): number;
  /** All probes of the batch are out. */
  onOut(): void;
  /** There was nothing to send: milliseconds until there may be, or null when every index is over. */
  idleMs(nowMs: number): number | null;
  progress(): { readonly done: number; readonly skipped: number };
}

/** Puts the probes of `entries` entries that the builder was given into the port's first `slots` slots. */
export type WriteBatch = (entries: number, slots: number, unixMs: number) => void;

/** Looking again at a closed gate, an empty cap, a full table, a reply window or a busy device costs next to nothing. */
const LONGEST_WAIT_MS = 20;
const GATE_PAUSE_MS = 5;
const BUSY_PAUSE_MS = 0.2;
/** Without a pause between two of which the board is told how far the sender is: a few milliseconds at full rate. */
const STEPS = 8;
/**
 * What was permitted goes out though the gate closes meanwhile, as a device is busy for microseconds. Later than this the
 * process was stopped: then the rest waits for the gate.
 */
const YOUNG_MS = 50;

/** Sends batch by batch what a stage puts together: gate, cap, slots, and what the board is told are the same for all. */
export function createBatchSender(
  { port, board, builder, kernel, cap, clock, waits }: BatchSenderOptions,
  stageOf: (write: WriteBatch) => BatchStage,
): Sender {
  // The kernel writes into the port's frames themselves, if they lie in its memory.
  const inPlace = port.words.buffer === kernel.words.buffer;
  if (inPlace) kernel.useFrames(port.places);
  const stage = stageOf(write);
  /** Slots that hold probes: those from `unsent` to `filled` are still to be sent. */
  let filled = 0;
  let unsent = 0;
  let filledAtMs = 0;
  let packets = 0;
  /** Since the board was told how far this is. */
  let steps = 0;

  function write(entries: number, slots: number, unixMs: number): void {
    const frame = inPlace ? port.firstFrame() : 0;
    const changed = builder.write(entries, frame, unixMs);
    if (inPlace && changed === 0) return;
    if (!inPlace) for (let i = 0; i < slots; i++) copyToSlot(i);
    port.setFacts(slots, frame, kernel.facts);
  }

  function copyToSlot(slot: number): void {
    const from = (kernel.stagedAt + slot * STAGED_BYTES) / 4;
    const to = port.slotAt(slot);
    for (let i = 0; i < STAGED_BYTES / 4; i++) port.words[to + i] = kernel.words[from + i] as number;
  }

  function flush(): number {
    const taken = port.send(filled, unsent);
    unsent += taken;
    packets += taken;
    if (unsent < filled) return taken > 0 ? 0 : BUSY_PAUSE_MS;
    filled = 0;
    unsent = 0;
    stage.onOut();
    return 0;
  }

  function attempt(): number | null {
    const allowedUntil = board.allowedUntil();
    if (allowedUntil === STOPPED) return null;
    const nowMs = clock.monotonicMs();
    if (allowedUntil <= nowMs && (unsent === filled || nowMs >= filledAtMs + YOUNG_MS)) return GATE_PAUSE_MS;
    if (unsent < filled) return flush();
    const permitted = cap.take(port.slots);
    if (permitted === 0) {
      if (waits !== undefined) waits.rate++;
      return Math.min(LONGEST_WAIT_MS, cap.readyInMs());
    }
    // Read for each batch: worked out from `nowMs` it would be wrong by as long as the thread was not run in between.
    filled = stage.fill(permitted, nowMs, clock.unixMs());
    cap.giveBack(permitted - filled);
    if (filled === 0) {
      const idleMs = stage.idleMs(nowMs);
      return idleMs === null ? null : Math.min(LONGEST_WAIT_MS, idleMs);
    }
    filledAtMs = nowMs;
    return flush();
  }

  function publish(): void {
    const { done, skipped } = stage.progress();
    board.publish({ done, packets, skipped });
    steps = 0;
  }

  return {
    step() {
      let wait: number | null;
      try {
        wait = attempt();
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
