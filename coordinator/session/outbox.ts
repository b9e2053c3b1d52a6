import type { SessionResponse } from "../../shared/generated/parallax/agent/v1/session.js";

/** Messages that may wait for a slow agent; beyond, its session ends and its leases expire. */
const MOST_WAITING = 1_000;

interface Sink {
  write(message: SessionResponse): boolean;
  once(event: "drain", listener: () => void): unknown;
}

/** Writes in order and obeys the stream's backpressure. */
export interface Outbox {
  readonly writable: boolean;
  write(message: SessionResponse): void;
  /** Queues everything until `release`. */
  hold(): void;
  /** Writes `first`, then what was queued. */
  release(first: SessionResponse): void;
  close(): void;
}

/** `onOverflow` is called when the agent does not read and too many messages wait. */
export function createOutbox(sink: Sink, onOverflow: (reason: string) => void): Outbox {
  let waiting: SessionResponse[] = [];
  let blocked = false;
  let held = false;
  let closed = false;

  const flush = (): void => {
    while (!closed && !blocked && !held) {
      const message = waiting.shift();
      if (message === undefined) {
        return;
      }
      if (!sink.write(message)) {
        blocked = true;
        sink.once("drain", () => {
          blocked = false;
          flush();
        });
      }
    }
  };
  return {
    get writable() {
      return !closed && !blocked && !held && waiting.length === 0;
    },
    write(message) {
      if (closed) {
        return;
      }
      waiting.push(message);
      flush();
      if (waiting.length > MOST_WAITING) {
        onOverflow(`${MOST_WAITING} messages wait and the agent does not read`);
      }
    },
    hold() {
      held = true;
    },
    release(first) {
      waiting.unshift(first);
      held = false;
      flush();
    },
    close() {
      closed = true;
      waiting = [];
    },
  };
}
