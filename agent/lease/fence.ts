/**
 * Keeps an agent from sending once its coordinator may have given its leases away. Open until `stopAfterMs` after the
 * last acknowledged heartbeat was *sent*: the coordinator's clock for the lease starts no earlier than that, so the
 * agent is quiet before the lease expires, whatever the network did to the acknowledgement.
 *
 * Once closed, the first acknowledgement shows that the coordinator is back, but a revocation may still be behind it:
 * the fence opens with the acknowledgement of a heartbeat that was sent after that one came.
 */
export interface Fence {
  /** Until when it stays open as things are, on its clock; in the past when it is closed. Looked at before every send batch. */
  openUntil(): number;
  /** When the last acknowledged heartbeat was sent; null before the first acknowledgement. */
  readonly lastAckAt: number | null;
  heartbeatSent(sequence: number): void;
  heartbeatAcknowledged(sequence: number): void;
  /** From the coordinator's Welcome. */
  setStopAfterMs(stopAfterMs: number): void;
}

/** Heartbeats without an answer that are remembered; at one a second more than the longest lease. */
const REMEMBERED = 64;

/** `nowMs` must be monotonic and must go on while the process is stopped. */
export function createFence(nowMs: () => number): Fence {
  const sentAt = new Map<number, number>();
  let stopAfterMs = 0;
  let lastAckAt: number | null = null;
  /** Heartbeats sent from this time on open the fence again; null when it was not closed. */
  let reopensFrom: number | null = null;

  const freshUntil = (): number => (lastAckAt === null ? 0 : lastAckAt + stopAfterMs);

  return {
    openUntil: () => (reopensFrom === null ? freshUntil() : 0),
    get lastAckAt() {
      return lastAckAt;
    },
    heartbeatSent(sequence) {
      sentAt.set(sequence, nowMs());
      for (const oldest of sentAt.keys()) {
        if (sentAt.size <= REMEMBERED) {
          break;
        }
        sentAt.delete(oldest);
      }
    },
    heartbeatAcknowledged(sequence) {
      const at = sentAt.get(sequence);
      if (at === undefined) {
        return;
      }
      const wasClosed = lastAckAt !== null && freshUntil() <= nowMs();
      lastAckAt = Math.max(lastAckAt ?? at, at);
      if (wasClosed) {
        reopensFrom = nowMs();
      } else if (reopensFrom !== null && at >= reopensFrom) {
        reopensFrom = null;
      }
      for (const earlier of sentAt.keys()) {
        if (earlier <= sequence) {
          sentAt.delete(earlier);
        }
      }
    },
    setStopAfterMs(value) {
      stopAfterMs = value;
    },
  };
}
