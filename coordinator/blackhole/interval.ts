/** A share or a difference of shares with the limits of its 95 % confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** 97.5 % quantile of the standard normal distribution. */
const Z = 1.959_963_984_540_054;

/**
 * Wilson's score interval of `hits` of `trials`, at least one trial (Wilson 1927; method 3 of Newcombe 1998, Statistics in
 * Medicine 17:857). It stays within 0 and 1 and keeps its coverage where hits are few, as blackholes are.
 */
export function wilson(hits: number, trials: number): Estimate {
  const value = hits / trials;
  const scale = 1 + Z ** 2 / trials;
  const middle = (value + Z ** 2 / (2 * trials)) / scale;
  const half = (Z / scale) * Math.sqrt((value * (1 - value)) / trials + Z ** 2 / (4 * trials ** 2));
  return { value, low: hits === 0 ? 0 : middle - half, high: hits === trials ? 1 : middle + half };
}

/** Pairs of probes to the same target by what each got: `onlyFirst` got an answer to the first alone. */
export interface Pairs {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

/**
 * How much larger the share of answers to the first of two paired probes is than to the second: the difference of the
 * discordant pairs, as McNemar's test looks at it, with the square-and-add interval from Wilson's limits (method 10 of
 * Newcombe 1998, Statistics in Medicine 17:2635). At least one pair.
 *
 * A lost packet silences either probe alike, so what chance takes from both falls out of the difference.
 */
export function pairedDifference({ both, onlyFirst, onlySecond }: Pairs): Estimate {
  const pairs = both + onlyFirst + onlySecond;
  const first = wilson(both + onlyFirst, pairs);
  const second = wilson(both + onlySecond, pairs);
  const value = (onlyFirst - onlySecond) / pairs;
  // Pairs that are silent twice are not among them, so that the correlation is that of a table with an empty cell.
  const margins = (both + onlyFirst) * (both + onlySecond) * onlyFirst * onlySecond;
  const correlation = margins === 0 ? 0 : -(onlyFirst * onlySecond) / Math.sqrt(margins);
  const reach = (a: number, b: number) => Math.sqrt(Math.max(0, a ** 2 - 2 * correlation * a * b + b ** 2));
  return {
    value,
    low: Math.max(-1, value - reach(first.value - first.low, second.high - second.value)),
    high: Math.min(1, value + reach(first.high - first.value, second.value - second.low)),
  };
}
