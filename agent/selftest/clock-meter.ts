import type { ClockDifference } from "../../shared/selftest/self-test.js";

/** How far the coordinator's clock is from this one, from heartbeats and their acknowledgements. */
export interface ClockMeter {
  heartbeatSent(sequence: number): void;
  /** `coordinatorUs`: Unix microseconds there when the heartbeat was taken in; null: it does not say. */
  heartbeatAcknowledged(sequence: number, coordinatorUs: number | null): void;
  /** That of the exchange with the least round trip among the last ones; null: none yet. */
  readonly difference: ClockDifference | null;
  /** The coordinator has acknowledged a heartbeat and does not tell its time. */
  readonly isUntold: boolean;
}

/** As many as NTP's clock filter has (RFC 5905 section 10): the fastest exchange has waited the least anywhere. */
const SAMPLES = 8;
const MOST_OPEN = 64;

/** `unixMs` may have fractions. */
export function createClockMeter(unixMs: () => number): ClockMeter {
  const sentUs = new Map<number, number>();
  const samples: ClockDifference[] = [];
  let isUntold = false;
  return {
    heartbeatSent(sequence) {
      sentUs.set(sequence, Math.round(unixMs() * 1_000));
      const [oldest] = sentUs.keys();
      if (sentUs.size > MOST_OPEN && oldest !== undefined) sentUs.delete(oldest);
    },
    heartbeatAcknowledged(sequence, coordinatorUs) {
      const beganUs = sentUs.get(sequence);
      sentUs.delete(sequence);
      isUntold = coordinatorUs === null;
      if (beganUs === undefined || coordinatorUs === null) return;
      const endedUs = Math.round(unixMs() * 1_000);
      // RFC 5905 section 8, with the same time for the server's receiving and sending.
      const offsetUs = Math.round(coordinatorUs - (beganUs + endedUs) / 2);
      samples.push({ offsetUs, roundTripUs: Math.max(0, endedUs - beganUs) });
      if (samples.length > SAMPLES) samples.shift();
    },
    get difference() {
      const [best] = samples.toSorted((a, b) => a.roundTripUs - b.roundTripUs);
      return best ?? null;
    },
    get isUntold() {
      return isUntold;
    },
  };
}
