/**
 * Where each batch of the spool stands on its way to the warehouse:
 *
 * - `due`: to be published now or at `dueAtMs`.
 * - `publishing`: on its way to the broker.
 * - `waiting`: the broker has it; no commit notice yet. Becomes due again at `dueAtMs`.
 *
 * A batch that is committed is forgotten. Only what is publishing or waiting counts as in flight.
 */
export interface Deliveries {
  /** The next of `batches` that is due, taken into `publishing`; null when none is or `maxInFlight` are in flight. */
  take(batches: Iterable<string>, nowMs: number): Delivery | null;
  /** The broker has taken it. */
  accepted(batch: string, nowMs: number): void;
  /** The broker has not, or it is not known whether it has. */
  failed(batch: string, nowMs: number): void;
  /** By this life or, for all that is known, an earlier one. */
  wasPublished(batch: string): boolean;
  /** It was asked whether the batch is committed: it is not due before `untilMs`. */
  asked(batch: string, untilMs: number): void;
  forget(batch: string): void;
  inFlight(nowMs: number): number;
}

export interface Delivery {
  readonly batch: string;
  /** 1 for the first publication of the batch by anyone, else more. */
  readonly attempt: number;
}

export interface DeliveriesOptions {
  /** Batches that an earlier life of the process may have published. */
  readonly known: Iterable<string>;
  readonly maxInFlight: number;
  /** How long to wait for a commit notice; doubled with every attempt, up to eight times as long. */
  readonly noticeTimeoutMs: number;
  readonly retryMs: number;
}

interface State {
  readonly attempt: number;
  readonly phase: "due" | "publishing" | "waiting";
  readonly dueAtMs: number;
}

/** A slow warehouse must not be sent ever more copies of what it has not got to yet. */
const MAX_TIMEOUT_FACTOR = 8;

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { maxInFlight, noticeTimeoutMs, retryMs } = options;
  const states = new Map<string, State>();
  for (const batch of options.known) {
    states.set(batch, { attempt: 1, phase: "due", dueAtMs: 0 });
  }

  const inFlight = (nowMs: number): number => {
    let count = 0;
    for (const { phase, dueAtMs } of states.values()) {
      count += phase === "publishing" || (phase === "waiting" && dueAtMs > nowMs) ? 1 : 0;
    }
    return count;
  };
  const isDue = (state: State | undefined, nowMs: number): boolean =>
    state === undefined || (state.phase !== "publishing" && state.dueAtMs <= nowMs);

  return {
    inFlight,
    take(batches, nowMs) {
      if (inFlight(nowMs) >= maxInFlight) {
        return null;
      }
      for (const batch of batches) {
        const state = states.get(batch);
        if (isDue(state, nowMs)) {
          const attempt = (state?.attempt ?? 0) + 1;
          states.set(batch, { attempt, phase: "publishing", dueAtMs: nowMs });
          return { batch, attempt };
        }
      }
      return null;
    },
    accepted(batch, nowMs) {
      const state = states.get(batch);
      if (state?.phase === "publishing") {
        const factor = Math.min(2 ** (state.attempt - 1), MAX_TIMEOUT_FACTOR);
        states.set(batch, { ...state, phase: "waiting", dueAtMs: nowMs + noticeTimeoutMs * factor });
      }
    },
    failed(batch, nowMs) {
      const state = states.get(batch);
      if (state?.phase === "publishing") {
        states.set(batch, { ...state, phase: "due", dueAtMs: nowMs + retryMs });
      }
    },
    wasPublished: (batch) => states.has(batch),
    asked(batch, untilMs) {
      const state = states.get(batch);
      if (state?.phase === "due") states.set(batch, { ...state, dueAtMs: Math.max(state.dueAtMs, untilMs) });
    },
    forget(batch) {
      states.delete(batch);
    },
  };
}
