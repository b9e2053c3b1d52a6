import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../agent/wire/clock.js";

/** A clock whose time is that of the next sleeper, as soon as nobody else has anything to do. */
export function createFastClock(): Clock & { readonly stop: () => void } {
  const sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];
  let nowMs = 1000;
  let isOpen = true;
  const run = async (): Promise<void> => {
    while (isOpen) {
      await setImmediate();
      sleepers.sort((a, b) => a.untilMs - b.untilMs);
      const next = sleepers.shift();
      nowMs = Math.max(nowMs, next?.untilMs ?? nowMs);
      next?.wake();
    }
  };
  void run();
  return {
    unixMs: () => 1.8e12 + nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms) => (ms > 0 ? new Promise((wake) => sleepers.push({ untilMs: nowMs + ms, wake })) : Promise.resolve()),
    yield: () => setImmediate(),
    stop() {
      isOpen = false;
    },
  };
}
