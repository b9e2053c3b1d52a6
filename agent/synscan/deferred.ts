/**
 * Targets that wait for their time, the earliest first and of those at the same time the lowest index: a binary heap of
 * bounded size. `T` is what they belong to.
 * Methods where properties would do, as V8 does not inline a getter in the sender's loop.
 */
export interface Deferred<T> {
  size(): number;
  isFull(): boolean;
  /** When the earliest is due; Infinity when none waits. */
  nextAtMs(): number;
  add(atMs: number, index: number, of: T): void;
  /** Takes the earliest out; undefined when none waits. */
  take(): { readonly index: number; readonly of: T } | undefined;
}

interface Entry<T> {
  readonly atMs: number;
  readonly index: number;
  readonly of: T;
}

export function createDeferred<T>(capacity: number): Deferred<T> {
  const heap: Entry<T>[] = [];

  function swap(i: number, j: number): void {
    const entry = heap[i] as Entry<T>;
    heap[i] = heap[j] as Entry<T>;
    heap[j] = entry;
  }

  const at = (i: number): number => heap[i]?.atMs ?? Number.POSITIVE_INFINITY;

  function isBefore(i: number, j: number): boolean {
    if (at(i) !== at(j)) return at(i) < at(j);
    return (heap[i]?.index ?? 0) < (heap[j]?.index ?? 0);
  }

  return {
    size: () => heap.length,
    isFull: () => heap.length >= capacity,
    nextAtMs: () => at(0),
    add(atMs, index, of) {
      heap.push({ atMs, index, of });
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!isBefore(i, parent)) break;
        swap(i, parent);
        i = parent;
      }
    },
    take() {
      const last = heap.length - 1;
      if (last > 0) swap(0, last);
      const entry = heap.pop();
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        const least = isBefore(left + 1, left) ? left + 1 : left;
        if (!isBefore(least, i)) break;
        swap(i, least);
        i = least;
      }
      return entry;
    },
  };
}
