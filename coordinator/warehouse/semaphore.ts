/** Lets `places` holders in at a time; the others wait in order. */
export function createSemaphore(places: number): { acquire(): Promise<() => void> } {
  let free = places;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  const once = () => {
    let held = true;
    return () => {
      if (held) release();
      held = false;
    };
  };
  return {
    acquire: async () => {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return once();
    },
  };
}
