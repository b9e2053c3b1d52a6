import type { Clock } from "../../../agent/wire/clock.js";

/**
 * A clock that moves only when everybody sleeps, and then to the earliest one who wakes: hours pass in seconds, and every
 * run is the same.
 */
export function createVirtualClock(startUnixMs = 1_700_000_000_000): Clock {
  let nowMs = 0;
  let awake = 0;
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  let isTurning = false;

  /** Runs between two turns of the event loop: all promises that could go on have done so. */
  function turn(): void {
    if (awake === 0) {
      nowMs = Math.max(nowMs, Math.min(...sleepers.map(({ atMs }) => atMs)));
      const due = sleepers.filter(({ atMs }) => atMs <= nowMs);
      sleepers = sleepers.filter(({ atMs }) => atMs > nowMs);
      for (const { wake } of due) wake();
    }
    isTurning = sleepers.length > 0 || awake > 0;
    if (isTurning) setImmediate(turn);
  }

  function keepTurning(): void {
    if (isTurning) return;
    isTurning = true;
    setImmediate(turn);
  }

  return {
    unixMs: () => startUnixMs + Math.floor(nowMs),
    monotonicMs: () => nowMs,
    sleep(ms) {
      if (ms <= 0) return Promise.resolve();
      if (!Number.isFinite(ms)) return new Promise(() => undefined);
      keepTurning();
      return new Promise((wake) => {
        sleepers.push({ atMs: nowMs + ms, wake });
      });
    },
    async yield() {
      awake++;
      keepTurning();
      await new Promise((resolve) => setImmediate(resolve));
      awake--;
    },
  };
}
