/** Waits between attempts to connect: doubling from `firstMs` to `mostMs`, each taken at random from its upper half. */
export interface Backoff {
  nextMs(): number;
  /** After an attempt that worked. */
  reset(): void;
}

export function createBackoff(options: { firstMs: number; mostMs: number; random: () => number }): Backoff {
  let failures = 0;
  return {
    nextMs() {
      const full = Math.min(options.mostMs, options.firstMs * 2 ** failures);
      failures = Math.min(failures + 1, 30);
      return full * (0.5 + options.random() / 2);
    },
    reset() {
      failures = 0;
    },
  };
}
