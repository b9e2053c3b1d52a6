import { hrtime } from "node:process";
import { setImmediate } from "node:timers/promises";

/** The times an engine lives by. */
export interface Clock {
  /** Unix time in milliseconds: what probes carry and captured packets are stamped with. */
  unixMs(): number;
  /** Milliseconds with fractions that never go back, the same in every thread: what windows and rates are measured with. */
  monotonicMs(): number;
  /** At once where `ms` is 0 or less. */
  sleep(ms: number): Promise<void>;
  /** Lets everything run that is due: received packets, timers, sessions. */
  yield(): Promise<void>;
}

export function createSystemClock(): Clock {
  return {
    unixMs: () => Date.now(),
    // Not by the global `process`, which is a getter.
    monotonicMs: () => Number(hrtime.bigint()) / 1e6,
    // Not by node:timers/promises, which takes twice as long.
    sleep: (ms) => (ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve()),
    yield: () => setImmediate(),
  };
}
