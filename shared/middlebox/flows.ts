/** What a box remembers of each flow; the oldest is forgotten first. */
export interface Flows<T> {
  get(flow: string): T | undefined;
  set(flow: string, value: T): void;
  delete(flow: string): void;
}

const MAX_FLOWS = 10_000;

export function createFlows<T>(): Flows<T> {
  const flows = new Map<string, T>();
  return {
    get: (flow) => flows.get(flow),
    set(flow, value) {
      flows.delete(flow);
      flows.set(flow, value);
      const oldest = flows.keys().next();
      if (flows.size > MAX_FLOWS && oldest.done !== true) flows.delete(oldest.value);
    },
    delete: (flow) => {
      flows.delete(flow);
    },
  };
}
