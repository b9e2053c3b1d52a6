import type { WebTimingRow } from "../../shared/batch/rows.js";
import type { Target } from "../../shared/target/source.js";
import {
  BETWEEN_CONNECTIONS_MS,
  HOSTS_AT_A_TIME,
  PACKETS_PER_CONNECTION,
  type TimingPlan,
} from "../../shared/timing/pace.js";
import { createHostWalk, type HostWalkOptions } from "../hosts/walk.js";
import type { Pacer } from "../rate/pacer.js";
import type { Clock } from "../wire/clock.js";
import type { Engine } from "../wire/engine.js";
import { timeTarget } from "./time-target.js";
import type { MakeVisit } from "./visit.js";

export interface TimingOptions extends TimingPlan, Omit<HostWalkOptions, "mostParked" | "work"> {
  readonly clock: Clock;
  readonly pacer: Pacer;
  readonly visit: MakeVisit;
  readonly sourceId: string;
  readonly emit: (row: WebTimingRow) => void;
  /** Monotonic ms until which connections may be open; in the past: those that are get closed. */
  readonly allowedUntil: () => number;
  /** Before the first connection; throws UserError when nothing can be timed here. */
  readonly prepare: () => void;
}

const POLL_MS = 25;

/** The timings of one lease: some hosts at a time, each with one connection, a second apart. */
export function createTiming(options: TimingOptions): Engine {
  const { clock, pacer } = options;
  const walk = createHostWalk({ ...options, mostParked: HOSTS_AT_A_TIME, work });
  const visiting = new Map<number, { readonly target: Target; readonly abort: AbortController }>();
  const over = new AbortController();
  const counters = { packets: 0, replies: 0, duplicates: 0, late: 0 };

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

  async function work(index: number, target: Target): Promise<boolean> {
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
    const timed = await timeTarget({ ...options, visit, source: options.sourceId, index, target, turn });
    await restUntil(freeAtMs);
    // What the end cut short says nothing: the index is asked again. Who opted out meanwhile was asked until then.
    if (timed.cutShort && over.signal.aborted) return false;
    if (timed.rows.length === 0) walk.leaveOut(index);
    for (const row of timed.rows) options.emit(row);
    counters.replies += timed.rows.length;
    return true;
  }

  return {
    progress: () => ({ ...counters, ...walk.progress() }),
    gateMoved: look,
    async run(signal) {
      options.prepare();
      for (;;) {
        walk.fill(isShut() ? 0 : HOSTS_AT_A_TIME);
        if (signal.aborted || walk.isOver) break;
        await clock.sleep(POLL_MS);
        look();
      }
      over.abort();
      look();
      while (walk.running > 0) await clock.sleep(POLL_MS);
      walk.check();
    },
  };
}
