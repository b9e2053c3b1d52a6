import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "./api.js";
import { parseRoute, type Route } from "./route.js";

/**
 * - `loading`: nothing yet
 * - `ready`: with what was read last; `problem` where the newest attempt failed
 * - `failed`: nothing could be read
 */
export type Loaded<T> =
  | { readonly state: "loading" }
  | { readonly state: "ready"; readonly value: T; readonly problem: ApiError | null }
  | { readonly state: "failed"; readonly problem: ApiError };

/** A document of the API; null: none is wanted. It is read again when the path changes, and every `everyMs` while it is seen. */
export function useDocument<T>(path: string | null, everyMs: number | null = null): Loaded<T> {
  const [found, setFound] = useState<{ path: string | null; loaded: Loaded<T> }>({
    path,
    loaded: { state: "loading" },
  });
  useEffect(() => {
    if (path === null) return undefined;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      const fresh = await get<T>(path, abort.signal).then(
        (value): Loaded<T> => ({ state: "ready", value, problem: null }),
        (error: unknown): Loaded<T> => ({ state: "failed", problem: asApiError(error) }),
      );
      if (abort.signal.aborted) return;
      setFound((last) => ({ path, loaded: merge(last.path === path ? last.loaded : null, fresh) }));
      if (everyMs !== null) timer = setTimeout(readWhenSeen, everyMs);
    };
    // A page that nobody looks at asks for nothing.
    const readWhenSeen = (): void => {
      if (document.visibilityState === "visible") void read();
      else document.addEventListener("visibilitychange", readWhenSeen, { once: true, signal: abort.signal });
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs]);
  return found.path === path ? found.loaded : { state: "loading" };
}

/** What was read stays to be seen when the next attempt fails. */
function merge<T>(last: Loaded<T> | null, fresh: Loaded<T>): Loaded<T> {
  return fresh.state === "failed" && last?.state === "ready" ? { ...last, problem: fresh.problem } : fresh;
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, String(error), "reload the page");
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
