import type { CanaryReply, CanaryRequest, CanaryStore, CanaryView } from "../../../coordinator/canary/watch.js";

/** The canaries' part of the store in memory; `replies` are what any source got. */
export interface MemoryCanaryStore {
  readonly store: CanaryStore;
  readonly replies: CanaryReply[];
  readonly views: Map<string, CanaryView>;
  readonly requests: CanaryRequest[];
  failing: boolean;
}

export function memoryCanaryStore(): MemoryCanaryStore {
  const memory = {
    replies: [] as CanaryReply[],
    views: new Map<string, CanaryView>(),
    requests: [] as CanaryRequest[],
    failing: false,
  };
  const store: CanaryStore = {
    async canaryReplies(request) {
      memory.requests.push(request);
      return memory.replies.filter(({ index }) => index >= request.from && index < request.to);
    },
    canaries: async () => [...memory.views.values()],
    async saveCanaries(_, views) {
      if (memory.failing) throw new Error("the warehouse does not answer");
      for (const view of views) memory.views.set(`${view.vantage} ${view.agent} ${view.target} ${view.port}`, view);
    },
  };
  return Object.assign(memory, { store });
}
