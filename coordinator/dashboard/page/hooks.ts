import { useEffect, useState } from "preact/hooks";
import { get } from "./api.js";
import { attempt, type Loaded, renewed } from "./loaded.js";
import { parseRoute, type Route } from "./route.js";

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
      const fresh = await attempt(get<T>(path, abort.signal));
      if (abort.signal.aborted) return;
      setFound((last) => ({ path, loaded: renewed(last.path === path ? last.loaded : { state: "loading" }, fresh) }));
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

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
