import type { Clock } from "../wire/clock.js";
import type { RateCap } from "./rate-cap.js";

/** The one gate before every send batch: the rate, and whether the agent may send at all at the moment. */
export interface Pacer {
  /**
   * Resolves with how many packets may be sent now, 1 to `wanted`, or with 0 when `signal` was aborted. The caller sends
   * in the same turn and gives back what it did not send.
   */
  permit(wanted: number, signal: AbortSignal): Promise<number>;
  giveBack(packets: number): void;
  readonly packetsPerSecond: number;
}

export interface PacerOptions {
  readonly limiter: RateCap;
  readonly clock: Clock;
  /** Monotonic ms until which may be sent: past when there was no heartbeat for too long, the spool is full, or paused. */
  readonly allowedUntil: () => number;
}

const GATE_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 100;

export function createPacer({ limiter, clock, allowedUntil }: PacerOptions): Pacer {
  return {
    async permit(wanted, signal) {
      // One turn of the event loop per batch, so that a sender at full rate does not starve the receiver.
      await clock.yield();
      while (!signal.aborted) {
        if (allowedUntil() <= clock.monotonicMs()) {
          await clock.sleep(GATE_PAUSE_MS);
          continue;
        }
        const permitted = limiter.take(wanted);
        if (permitted > 0) return permitted;
        await clock.sleep(Math.min(LONGEST_PAUSE_MS, Math.max(1, limiter.readyInMs())));
      }
      return 0;
    },
    giveBack: (packets) => limiter.giveBack(packets),
    get packetsPerSecond() {
      return limiter.packetsPerSecond;
    },
  };
}
