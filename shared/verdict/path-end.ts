import type { HopKind } from "../batch/rows.js";

/**
 * The answers of one trace that belong to its path, by ascending TTL: up to the first that nothing lies beyond. A target
 * answers at every higher TTL, too, and somebody who turns probes away does.
 */
export function upToPathEnd<Hop extends { readonly ttl: number; readonly kind: HopKind }>(all: readonly Hop[]): Hop[] {
  const hops = [...all].sort((a, b) => a.ttl - b.ttl);
  const end = hops.findIndex(({ kind }) => kind !== "time-exceeded");
  return end < 0 ? hops : hops.slice(0, end + 1);
}
