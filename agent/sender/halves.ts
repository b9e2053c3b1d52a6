import type { Prefix } from "../../shared/address/prefix.js";
import type { PrefixShare } from "../../shared/lease/work.js";
import type { TargetSourceSpec } from "../../shared/target/spec.js";
import type { Engine, EngineOptions, EngineProgress } from "../wire/engine.js";
import type { Subscription } from "../wire/receiver.js";
import type { SendBoard } from "./board.js";
import type { JobBasics, SenderHost, SendJob } from "./job.js";

/** What an engine needs whose probes are sent in another thread. */
export interface HalvesOptions extends EngineOptions {
  /** Where the probes are sent from. */
  readonly host: SenderHost;
  /** The source as data, for the sending thread. */
  readonly sourceSpec: TargetSourceSpec;
  /** Memory of the rate caps: the agent's, then the campaign's where it has one. */
  readonly caps: readonly [SharedArrayBuffer, ...SharedArrayBuffer[]];
  /** Left out when their turn comes, besides what the host leaves out. */
  readonly skip: readonly Prefix[];
  readonly perPrefix: PrefixShare | null;
  /** Monotonic ms until which may be sent, as far as is known now; looked at at `gateMoved` and now and then. */
  readonly allowedUntil: () => number;
}

export interface Halves {
  readonly board: SendBoard;
  readonly job: SendJob;
  /** The receiving half: takes the answers while the sending half works. `settled` is the board's, without a look at it. */
  subscription(settled: () => number): Subscription;
  counters(): Pick<EngineProgress, "replies" | "duplicates" | "late">;
  /** Whether the index, which is done and not settled yet, was left out without having been asked. */
  isLeftOut(index: number): boolean;
}

/** How often the receiving half looks at the sending one, and at what may be sent. */
const POLL_MS = 40;
/**
 * While probes go out and nothing comes in: the looks of a thread that has cooled down cost the sending thread, where both
 * share a core, one packet in thirty at full rate.
 */
const QUIET_POLL_MS = 250;
/** How long the kernel keeps a packet at the most before the receiver can see it (a block of the ring), with reserve. */
const RING_DELAY_MS = 10;

/**
 * Binds the two halves of a lease's work: an index counts as done only when the sender is done with it and the receiver
 * has seen everything that came in until then.
 */
export function joinHalves(options: HalvesOptions, halves: Halves): Engine {
  const { receiver, clock, from, to } = options;
  const { board } = halves;
  let settled = from;
  let candidate: { readonly done: number; readonly atMs: number } | null = null;
  let packets = 0;
  let lastSentAtMs = Number.NEGATIVE_INFINITY;
  let toldLeftOut = 0;
  let heard = 0;

  /** `skipped`: how many there are so far, also behind `to`. */
  function tellLeftOut(from: number, to: number, skipped: number): void {
    for (let index = from; index < to && toldLeftOut < skipped; index++) {
      if (!halves.isLeftOut(index)) continue;
      toldLeftOut++;
      options.onLeftOut?.(index);
    }
  }

  function look(): void {
    const nowMs = clock.monotonicMs();
    const progress = board.progress();
    if (progress.packets > packets) {
      packets = progress.packets;
      lastSentAtMs = nowMs;
    }
    if (candidate !== null && nowMs >= candidate.atMs + RING_DELAY_MS) {
      if (receiver.emptiedAtMs < candidate.atMs + RING_DELAY_MS) receiver.receiveNow();
      if (receiver.emptiedAtMs >= candidate.atMs + RING_DELAY_MS) {
        tellLeftOut(settled, candidate.done, progress.skipped);
        settled = candidate.done;
        board.settle(settled);
        candidate = null;
      }
    }
    if (candidate === null && progress.done > settled) candidate = { done: progress.done, atMs: nowMs };
  }

  /** Whether probes went out since the last call, and nothing came in. */
  function isQuiet(packetsBefore: number): boolean {
    const { replies, duplicates, late } = halves.counters();
    const heardBefore = heard;
    heard = replies + duplicates + late;
    return packets > packetsBefore && heard === heardBefore;
  }

  return {
    gateMoved: () => board.allowUntil(options.allowedUntil()),
    progress() {
      const { sent, skipped, packets: sentPackets } = board.progress();
      return { sent, done: settled, packets: sentPackets, skipped, ...halves.counters() };
    },
    async run(signal) {
      const unsubscribe = receiver.subscribe(halves.subscription(() => settled));
      board.allowUntil(options.allowedUntil());
      const sending = options.host.send(halves.job);
      const stop = (): void => board.stop();
      signal.addEventListener("abort", stop);
      let failed = false;
      sending.catch(() => {
        failed = true;
      });
      try {
        while (!signal.aborted && !failed && settled < to) {
          const packetsBefore = packets;
          board.allowUntil(options.allowedUntil());
          look();
          await clock.sleep(isQuiet(packetsBefore) ? QUIET_POLL_MS : POLL_MS);
        }
        stop();
        await sending;
        look();
        if (settled < to) await clock.sleep(lastSentAtMs + options.replyWindowMs - clock.monotonicMs());
      } finally {
        stop();
        signal.removeEventListener("abort", stop);
        unsubscribe();
      }
    },
  };
}

/** Field by field: what is posted to a thread must be plain data. */
export function jobBasics(options: HalvesOptions, board: SharedArrayBuffer): JobBasics {
  const { caps, sourceSpec, from, to, variants, retries, replyWindowMs, secret, profile, skip, perPrefix } = options;
  return {
    board,
    caps,
    source: sourceSpec,
    from,
    to,
    variants,
    retries,
    replyWindowMs,
    secret,
    profile,
    skip,
    perPrefix,
  };
}
