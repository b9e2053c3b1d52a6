import type { TargetSummary } from "../../compare/document.js";

/** Names a row of the matrix. */
export function keyOf({ target, port }: Pick<TargetSummary, "target" | "port">): string {
  return `${target} ${port}`;
}

/** Rows of the matrix whose address begins like this: those that are not seen alike, then the others, each once. */
export function matrixRows<T extends Pick<TargetSummary, "target" | "port">>(
  disagreements: readonly T[],
  others: readonly T[],
  beginsWith = "",
): T[] {
  const seen = new Set(disagreements.map(keyOf));
  const all = [...disagreements, ...others.filter((other) => !seen.has(keyOf(other)))];
  return all.filter(({ target }) => target.startsWith(beginsWith.trim()));
}

/** Sums of targets by what `key` says of a count, in the order in which they come up. */
export function sumBy<T extends { readonly targets: number }, K>(
  counts: readonly T[],
  key: (count: T) => K,
): Map<K, number> {
  const sums = new Map<K, number>();
  for (const count of counts) sums.set(key(count), (sums.get(key(count)) ?? 0) + count.targets);
  return sums;
}
