import type { Packet } from "../../shared/packet/decode.js";

/** A segment, or an ICMP error that quotes one of ours. Its bytes are copies. */
export interface Arrival {
  readonly packet: Exclude<Packet, { kind: "other" }>;
  readonly bytes: Uint8Array;
  /** Unix microseconds. */
  readonly capturedUs: number;
}

/**
 * - `any-time`: what begins a connection waits for as long as the agent may not send.
 * - `soon`: the rest of a connection has a fraction of a second, or is given up.
 * - `reset`: goes also when nothing else may be sent, as a connection must not be left behind.
 */
export type Urgency = "any-time" | "soon" | "reset";

/** What came in for one connection, in order. */
export interface Inbox {
  /** Null when nothing came within `waitMs`, or the run is over. */
  next(waitMs: number): Promise<Arrival | null>;
  close(): void;
}

/** How the work on one target reaches the network. */
export interface HostLink {
  /** Resolves with the time (Unix ms) at which the packet went out, under the rate; null when it did not. */
  send(packet: Uint8Array, urgency: Urgency): Promise<number | null>;
  /** Takes what comes from the target's `port` to our `sourcePort`, until it is closed. */
  open(port: number, sourcePort: number): Inbox;
  /** Nothing new is to be begun. */
  readonly isOver: boolean;
  unixMs(): number;
  monotonicMs(): number;
}

/** More than this is not kept for a connection: a host that floods us harms nobody else. */
const MOST_WAITING = 64;

interface QueueClock {
  sleep(ms: number): Promise<void>;
}

/** An inbox that `put` fills; `end` wakes who waits, and nothing comes afterwards. */
export function createInbox(
  clock: QueueClock,
  onClose: () => void,
): Inbox & { put(arrival: Arrival): void; end(): void } {
  const waiting: Arrival[] = [];
  let wake: (() => void) | null = null;
  let isOver = false;
  return {
    put(arrival) {
      if (isOver || waiting.length >= MOST_WAITING) return;
      waiting.push(arrival);
      wake?.();
    },
    end() {
      isOver = true;
      wake?.();
    },
    async next(waitMs) {
      if (waiting.length === 0 && !isOver && waitMs > 0) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([woken, clock.sleep(waitMs)]);
        wake = null;
      }
      return waiting.shift() ?? null;
    },
    close() {
      isOver = true;
      waiting.length = 0;
      onClose();
    },
  };
}
