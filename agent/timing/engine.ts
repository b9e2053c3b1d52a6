import type { WebTimingRow } from "../../shared/batch/rows.js";
import { createTarget, type Target, type TargetSource } from "../../shared/target/source.js";
import {
  BETWEEN_CONNECTIONS_MS,
  HOSTS_AT_A_TIME,
  PACKETS_PER_CONNECTION,
  type TimingPlan,
} from "../../shared/timing/pace.js";
import type { Pacer } from "../rate/pacer.js";
import type { Clock } from "../wire/clock.js";
import type { Engine } from "../wire/engine.js";
import { timeTarget } from "./time-target.js";
import type { MakeVisit } from "./visit.js";

export interface TimingOptions extends TimingPlan {
  readonly clock: Clock;
  readonly pacer: Pacer;
  readonly visit: MakeVisit;
  readonly source: TargetSource;
  readonly sourceId: string;
  /** Indices `[from, to)` of the source. */
  readonly from: number;
  readonly to: number;
  readonly emit: (row: WebTimingRow) => void;
  /** Monotonic ms until which connections may be open; in the past: those that are get closed. */
  readonly allowedUntil: () => number;
  /** Targets that are not to be sent to; may change at any time. */
  readonly isSkipped: (address: Uint8Array) => boolean;
  /** Told of each index that was left out without having been asked, before it counts as done. */
  readonly onLeftOut?: (index: number) => void;
  /** Addresses that are being talked to, shared by all engines of the agent: one connection per host at a time. */
  readonly busyHosts: Set<string>;
  /** Before the first connection; throws UserError when nothing can be timed here. */
  readonly prepare: () => void;
}

const POLL_MS = 25;

/** The timings of one lease: some hosts at a time, each with one connection, a second apart. */
export function createTiming(options: TimingOptions): Engine {
  const { clock, pacer, source, from, to, busyHosts } = options;
  const open = new Set<number>();
  const parked: { readonly index: number; readonly target: Target }[] = [];
  const visiting = new Map<number, { readonly target: Target; readonly abort: AbortController }>();
  const over = new AbortController();
  const counters = { packets: 0, replies: 0, duplicates: 0, late: 0, skipped: 0 };
  let next = from;
  let running = 0;
  let failure: unknown = null;

  const isShut = (): boolean => over.signal.aborted || options.allowedUntil() <= clock.monotonicMs();

  /** Closes connections that may not be any more. */
  function look(): void {
    for (const { target, abort } of visiting.values()) {
      if (isShut() || options.isSkipped(target.address)) abort.abort();
    }
  }

  async function restUntil(untilMs: number): Promise<void> {
    while (!over.signal.aborted && clock.monotonicMs() < untilMs) {
      await clock.sleep(Math.min(POLL_MS, untilMs - clock.monotonicMs()));
    }
  }

  /** Waits for the rate; false when there is to be no connection any more. */
  async function charge(): Promise<boolean> {
    for (let charged = 0; charged < PACKETS_PER_CONNECTION; ) {
      const permitted = await pacer.permit(PACKETS_PER_CONNECTION - charged, over.signal);
      if (permitted === 0) return false;
      charged += permitted;
    }
    return true;
  }

  async function work(index: number, target: Target, host: string): Promise<void> {
    let freeAtMs = Number.NEGATIVE_INFINITY;
    const turn = async (): Promise<AbortSignal | null> => {
      await restUntil(freeAtMs);
      if (!(await charge()) || isSkipped()) return null;
      const abort = new AbortController();
      visiting.set(index, { target, abort });
      counters.packets += PACKETS_PER_CONNECTION;
      look();
      return abort.signal;
    };
    const isSkipped = (): boolean => over.signal.aborted || options.isSkipped(target.address);
    const visit: MakeVisit = async (request) => {
      try {
        return await options.visit(request);
      } finally {
        visiting.delete(index);
        freeAtMs = clock.monotonicMs() + BETWEEN_CONNECTIONS_MS;
      }
    };
    try {
      const timed = await timeTarget({ ...options, visit, source: options.sourceId, index, target, turn });
      await restUntil(freeAtMs);
      // What the end cut short says nothing: the index is asked again. Who opted out meanwhile was asked until then.
      if (timed.cutShort && over.signal.aborted) return;
      if (timed.rows.length === 0) leaveOut(index);
      for (const row of timed.rows) options.emit(row);
      counters.replies += timed.rows.length;
      open.delete(index);
    } finally {
      busyHosts.delete(host);
    }
  }

  function begin(index: number, target: Target): boolean {
    const host = String.fromCharCode(...target.address);
    if (busyHosts.has(host)) return false;
    busyHosts.add(host);
    open.add(index);
    running++;
    work(index, target, host)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        running--;
      });
    return true;
  }

  function leaveOut(index: number): void {
    counters.skipped++;
    options.onLeftOut?.(index);
  }

  function isLeftOut(index: number, { address }: Target): boolean {
    if (!options.isSkipped(address)) return false;
    leaveOut(index);
    return true;
  }

  function fill(): void {
    for (let i = 0; i < parked.length && running < HOSTS_AT_A_TIME; i++) {
      const one = parked[i];
      if (one === undefined) break;
      if (isLeftOut(one.index, one.target) || begin(one.index, one.target)) parked.splice(i--, 1);
    }
    while (next < to && running < HOSTS_AT_A_TIME && parked.length < HOSTS_AT_A_TIME && !isShut()) {
      const target = createTarget();
      source.targetAt(next, target);
      if (!isLeftOut(next, target) && !begin(next, target)) parked.push({ index: next, target });
      next++;
    }
  }

  function lowestOpen(): number {
    return [...open, ...parked.map(({ index }) => index)].reduce((lowest, index) => Math.min(lowest, index), next);
  }

  return {
    progress: () => ({ sent: next, done: lowestOpen(), ...counters }),
    gateMoved: look,
    async run(signal) {
      options.prepare();
      for (fill(); !signal.aborted && failure === null && (running > 0 || next < to || parked.length > 0); fill()) {
        await clock.sleep(POLL_MS);
        look();
      }
      over.abort();
      look();
      while (running > 0) await clock.sleep(POLL_MS);
      if (failure !== null) throw failure;
    },
  };
}
