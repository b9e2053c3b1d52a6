/** Permission to send, in packets. One bucket per agent process is shared by everything that sends. */
export interface TokenBucket {
  /** Takes at most `wanted` whole tokens; returns how many there were. */
  take(wanted: number): number;
  /** Puts back tokens that were taken and not used. */
  giveBack(tokens: number): void;
  /** Milliseconds until at least one token is there; 0 when one is. */
  readyInMs(): number;
  setRate(packetsPerSecond: number): void;
  readonly packetsPerSecond: number;
}

export interface TokenBucketOptions {
  readonly packetsPerSecond: number;
  /** Monotonic milliseconds with fractions. */
  readonly nowMs: () => number;
  /**
   * How much may be saved up, in milliseconds of the rate. Small, so that a sender that was held up does not make up for
   * it with a burst; large enough for a timer that comes late.
   */
  readonly burstMs?: number;
}

/** A smooth token bucket that starts empty. */
export function createTokenBucket({ packetsPerSecond, nowMs, burstMs = 20 }: TokenBucketOptions): TokenBucket {
  let rate = packetsPerSecond;
  let tokens = 0;
  let filledAt = nowMs();
  const capacity = (): number => Math.max(1, (rate * burstMs) / 1000);

  function fill(): void {
    const now = nowMs();
    if (now > filledAt) tokens = Math.min(capacity(), tokens + ((now - filledAt) * rate) / 1000);
    filledAt = now;
  }

  return {
    take(wanted) {
      fill();
      const taken = Math.min(wanted, Math.floor(tokens));
      tokens -= taken;
      return taken;
    },
    giveBack(unused) {
      tokens = Math.min(capacity(), tokens + unused);
    },
    readyInMs() {
      fill();
      return tokens >= 1 ? 0 : ((1 - tokens) * 1000) / rate;
    },
    setRate(value) {
      fill();
      rate = value;
      tokens = Math.min(capacity(), tokens);
    },
    get packetsPerSecond() {
      return rate;
    },
  };
}
