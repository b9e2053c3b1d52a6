import type { UserError } from "../../../shared/errors.js";

/** Why a scan ends before its last target is over; the first reason counts. */
export interface Ending {
  /** Aborted with the first reason. */
  readonly signal: AbortSignal;
  /** One word for the metadata; null while the scan goes on. */
  readonly reason: string | null;
  /** What the command fails with; null when the end was asked for. */
  readonly error: UserError | null;
  end(reason: string, error?: UserError): void;
}

export function createEnding(): Ending {
  const controller = new AbortController();
  let reason: string | null = null;
  let error: UserError | null = null;
  return {
    signal: controller.signal,
    get reason() {
      return reason;
    },
    get error() {
      return error;
    },
    end(why, cause) {
      if (reason !== null) return;
      reason = why;
      error = cause ?? null;
      controller.abort();
    },
  };
}
