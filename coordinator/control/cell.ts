import { type Codec, type Control, ControlConflict } from "./control.js";

const RETRY_MS = 500;

export interface CellOptions<T> {
  readonly control: Control;
  readonly key: string;
  readonly codec: Codec<T>;
  /** Revision of the stored value, 0 when there is none yet. */
  readonly revision: number;
  /** Called once when another writer was found; nothing is written after that. */
  readonly onConflict: (error: ControlConflict) => void;
  /** Called at every failed attempt. */
  readonly onFailure?: (error: unknown) => void;
}

/** One document with one writer. */
export interface Cell<T> {
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

export function createCell<T>(options: CellOptions<T>): Cell<T> {
  const { control, key, codec } = options;
  let revision = options.revision;
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

  const store = (value: T) =>
    revision === 0 ? control.create(key, codec, value) : control.update(key, codec, value, revision);

  /** After an attempt whose outcome is unknown: did it get through? */
  const adopt = async (text: string): Promise<boolean> => {
    const found = await control.load(key, { encode: (raw: string) => raw, decode: (raw) => raw });
    if (found === null || found.value !== text) {
      return false;
    }
    revision = found.revision;
    return true;
  };

  const write = async (value: T): Promise<void> => {
    const text = codec.encode(value);
    let unsure = false;
    while (stopped === null) {
      try {
        if (unsure && (await adopt(text))) {
          return;
        }
        revision = await store(value);
        return;
      } catch (error) {
        if (error instanceof ControlConflict) {
          // An attempt that timed out may have arrived after the look-up.
          if (unsure && (await adopt(text))) {
            return;
          }
          throw error;
        }
        unsure = true;
        options.onFailure?.(error);
        await pause();
      }
    }
    throw stopped;
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

  const takeWaiters = (): Waiter[] => {
    const waiters = pending?.waiters ?? [];
    pending = null;
    return waiters;
  };

  return {
    save(value) {
      return new Promise<void>((resolve, reject) => {
        if (stopped !== null) {
          reject(stopped);
          return;
        }
        pending = { value, waiters: [...(pending?.waiters ?? []), { resolve, reject }] };
        if (!writing) {
          void run();
        }
      });
    },
    close() {
      stopped ??= new Error(`control state "${key}" is closed`);
      wake?.();
    },
  };
}
