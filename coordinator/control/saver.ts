import { ControlConflict } from "./conflict.js";

const RETRY_MS = 500;

export interface SaverOptions<T> {
  /** For error messages. */
  readonly name: string;
  /**
   * Stores a value. `unsure`: an earlier attempt with the same value ended with an error that does not say whether it got
   * through. Rejects with ControlConflict when another writer was there; any other rejection is tried again.
   */
  readonly attempt: (value: T, unsure: boolean) => Promise<void>;
  /** Called once when another writer was found; nothing is written after that. */
  readonly onConflict: (error: ControlConflict) => void;
  /** Called at every failed attempt. */
  readonly onFailure?: (error: unknown) => void;
}

/** Writes values one after another, of those that wait only the youngest. */
export interface Saver<T> {
  /**
   * Resolves when this value, or one saved after it, is stored. Saves made while a write is under way share the next
   * write. A broker that does not answer is tried again until `close`. Rejects with ControlConflict, or when closed.
   */
  save(value: T): Promise<void>;
  /** Stops trying; pending saves reject. */
  close(): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export function createSaver<T>(options: SaverOptions<T>): Saver<T> {
  let pending: { value: T; waiters: Waiter[] } | null = null;
  let writing = false;
  let stopped: Error | null = null;
  let wake: (() => void) | null = null;

  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const write = async (value: T): Promise<void> => {
    let unsure = false;
    while (stopped === null) {
      try {
        await options.attempt(value, unsure);
        return;
      } catch (error) {
        if (error instanceof ControlConflict) {
          throw error;
        }
        unsure = true;
        options.onFailure?.(error);
        await pause();
      }
    }
    throw stopped;
  };

  const takeWaiters = (): Waiter[] => {
    const waiters = pending?.waiters ?? [];
    pending = null;
    return waiters;
  };

  const run = async (): Promise<void> => {
    writing = true;
    while (pending !== null) {
      const { value, waiters } = pending;
      pending = null;
      try {
        await write(value);
        for (const waiter of waiters) {
          waiter.resolve();
        }
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        if (stopped === null) {
          stopped = failure;
          if (failure instanceof ControlConflict) {
            options.onConflict(failure);
          }
        }
        for (const waiter of [...waiters, ...takeWaiters()]) {
          waiter.reject(failure);
        }
      }
    }
    writing = false;
  };

  return {
    save(value) {
      return new Promise<void>((resolve, reject) => {
        if (stopped !== null) {
          reject(stopped);
          return;
        }
        if (pending === null) {
          pending = { value, waiters: [] };
        }
        pending.value = value;
        pending.waiters.push({ resolve, reject });
        if (!writing) {
          void run();
        }
      });
    },
    close() {
      stopped ??= new Error(`control state "${options.name}" is closed`);
      wake?.();
    },
  };
}
