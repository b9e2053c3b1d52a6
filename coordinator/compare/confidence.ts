import { isTurned } from "./conditions.js";
import type { LocatedChange, PathChange } from "./evidence.js";

type Weight = Pick<PathChange, "traces" | "openHops" | "confidence">;

/**
 * How well the interval of a change is established: `(1 - 2^-traces) / (1 + openHops)`.
 *
 * `traces` counts the traces, of all variants and vantage points, that show the same condition first at the same hop:
 * each halves the doubt that one alone leaves. `openHops` counts the hops between the two ends that were silent or quoted
 * too little: the box may stand at any of them. Where only an answer shows the change, no hop before it tells anything,
 * and all of them are open.
 */
export function weigh(change: LocatedChange, all: readonly LocatedChange[]): Weight {
  const traces = all.filter((one) => one.condition === change.condition && one.before === change.before).length;
  const openHops = Math.max(0, change.beforeTtl - 1 - (isTurned(change.condition) ? 0 : change.afterTtl));
  const confidence = Math.round(((1 - 0.5 ** traces) / (1 + openHops)) * 100) / 100;
  return { traces, openHops, confidence };
}
