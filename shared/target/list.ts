import type { MutableTarget, Target, TargetSource } from "./source.js";

/**
 * The known part of a frozen list: `targets[0]` has index `from`, the next `from + 1`, and so on. `size` is N of the
 * whole list; by default it ends with the part that is known. `targetAt` throws RangeError for an index outside the
 * known part, `indexOf` answers -1 for a target outside it. Nothing is copied: `targets` must not change.
 */
export function createListSource(
  targets: readonly Target[],
  from = 0,
  size: number = from + targets.length,
): TargetSource {
  const indices = new Map<string, number>();
  for (const [i, target] of targets.entries()) {
    const key = keyOf(target.address, target.port);
    if (indices.has(key)) {
      throw new RangeError(`target ${from + i} of the list is there twice`);
    }
    indices.set(key, from + i);
  }

  function targetAt(index: number, into: MutableTarget): void {
    const target = targets[index - from];
    if (target === undefined) {
      throw new RangeError(`index ${index} is not in [${from}, ${from + targets.length})`);
    }
    into.address.set(target.address);
    into.port = target.port;
  }

  return {
    size,
    targetAt,
    readAhead: () => ({ targetAt, run: null, runFrom: () => 0, wordOf: () => 0 }),
    indexOf(address, port) {
      return indices.get(keyOf(address, port)) ?? -1;
    },
  };
}

function keyOf(address: Uint8Array, port: number): string {
  return String.fromCharCode(...address, port);
}
