import type { Observe } from "../../shared/metrics/metric.js";
import type { Store } from "../store/store.js";

/** The same store, which tells how long each block took that was committed. */
export function timedInserts<S extends Pick<Store, "insertBlock">>(store: S, observe: Observe): S {
  return {
    ...store,
    async insertBlock(...args: Parameters<Store["insertBlock"]>) {
      const begunMs = performance.now();
      await store.insertBlock(...args);
      observe((performance.now() - begunMs) / 1_000);
    },
  };
}
