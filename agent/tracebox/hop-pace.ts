/** Keeps the probes of each TTL to the rate on the board, so that the routers at that distance can answer them. */
export interface HopPace {
  isOpen(ttl: number, nowMs: number): boolean;
  take(ttl: number, nowMs: number): void;
}

/** What a TTL may save up: a batch comes every few milliseconds. */
const SAVED_MS = 20;

/** `hopRates`: probes per second by TTL, 0 for any number; each of `loops` threads has an equal part. */
export function createHopPace(hopRates: Float64Array, loops: number): HopPace {
  const usedUntil = new Float64Array(hopRates.length);
  return {
    isOpen: (ttl, nowMs) => (usedUntil[ttl] as number) <= nowMs,
    take(ttl, nowMs) {
      const rate = hopRates[ttl] as number;
      if (rate > 0) usedUntil[ttl] = Math.max(usedUntil[ttl] as number, nowMs - SAVED_MS) + (1000 * loops) / rate;
    },
  };
}
