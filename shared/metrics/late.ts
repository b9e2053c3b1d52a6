/** What is asked for before it is known where to ask: answers come once `attach` was called. */
export interface Late<T> {
  attach(read: () => Promise<T>): void;
  read(): Promise<T>;
}

export function createLate<T>(): Late<T> {
  let attach: (read: () => Promise<T>) => void = () => undefined;
  const attached = new Promise<() => Promise<T>>((resolve) => {
    attach = resolve;
  });
  return { attach, read: async () => (await attached)() };
}
