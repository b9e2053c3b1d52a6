import { type ApiError, asApiError } from "./answer.js";

/**
 * - `loading`: nothing yet
 * - `ready`: with what was read last; `problem` where the newest attempt failed
 * - `failed`: nothing could be read
 */
export type Loaded<T> =
  | { readonly state: "loading" }
  | { readonly state: "ready"; readonly value: T; readonly problem: ApiError | null }
  | { readonly state: "failed"; readonly problem: ApiError };

/** What an attempt came to. Never rejects. */
export function attempt<T>(reading: Promise<T>): Promise<Loaded<T>> {
  return reading.then(
    (value): Loaded<T> => ({ state: "ready", value, problem: null }),
    (error: unknown): Loaded<T> => ({ state: "failed", problem: asApiError(error) }),
  );
}

/** What is shown after the next attempt: what was read before stays when it failed. */
export function renewed<T>(last: Loaded<T>, fresh: Loaded<T>): Loaded<T> {
  return fresh.state === "failed" && last.state === "ready" ? { ...last, problem: fresh.problem } : fresh;
}
