import { swapBytes } from "../byte-order.js";
import { createTargetKernel, MOST_AHEAD, type TargetPlan } from "./kernel.js";
import { MAPPED, type TargetReader } from "./source.js";

/** What is computed when an index is not the next one: few, as most of it may not be asked for. */
const LEAST_AHEAD = 8;
const FIRST = 0;
const END = 1;

/**
 * Reads targets of a space below the index `to`. They are computed in windows, which grow as long as each begins where
 * the one before ended.
 */
export function createReadAhead(plan: TargetPlan, to: number): TargetReader {
  const { targets, compute } = createTargetKernel(plan);
  /** Indices of the window: elements, as numbers beyond 2^31 in a closure's variables would be allocated. */
  const window = Float64Array.of(0, 0);
  let ahead = LEAST_AHEAD;

  function move(index: number): void {
    if (!(index >= 0 && index < to)) throw new RangeError(`index ${index} is not in [0, ${to})`);
    ahead = index === window[END] ? Math.min(2 * ahead, MOST_AHEAD) : LEAST_AHEAD;
    const count = Math.min(ahead, to - index);
    compute(index, count);
    window[FIRST] = index;
    window[END] = index + count;
  }

  function wordOf(index: number): number {
    if (!(index >= (window[FIRST] as number) && index < (window[END] as number))) move(index);
    return 2 * (index - (window[FIRST] as number));
  }

  return {
    targetAt(index, into) {
      const at = wordOf(index);
      const { words } = into;
      words[0] = 0;
      words[1] = 0;
      words[2] = MAPPED;
      words[3] = targets[at] as number;
      into.port = swapBytes(targets[at + 1] as number) >>> 16;
    },
    run: targets,
    runFrom(index) {
      wordOf(index);
      return (window[END] as number) - index;
    },
    wordOf,
  };
}
