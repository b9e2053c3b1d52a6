/** Figures of several rounds. */
export interface Spread {
  readonly median: number;
  /** Quartiles. */
  readonly low: number;
  readonly high: number;
}

/** Median and quartiles, by linear interpolation between the sorted values. Throws RangeError for none. */
export function spreadOf(values: readonly number[]): Spread {
  return { low: atShare(values, 0.25), median: atShare(values, 0.5), high: atShare(values, 0.75) };
}

/** The value that this share of all (0 to 1) do not pass, by linear interpolation. Throws RangeError for none. */
export function atShare(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  return below + (place % 1) * ((sorted[Math.ceil(place)] as number) - below);
}

/** The spread of a[i] / b[i]: what two runs in the same round have in common, such as a busy machine, drops out. */
export function ratioOf(a: readonly number[], b: readonly number[]): Spread {
  return spreadOf(a.map((value, i) => value / (b[i] as number)));
}

/** Median and quartiles in words. */
export function spreadText(values: readonly number[], digits: number, unit: string): string {
  if (values.length === 0) return "not measured";
  const { median, low, high } = spreadOf(values);
  return `${median.toFixed(digits)} ${unit} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
