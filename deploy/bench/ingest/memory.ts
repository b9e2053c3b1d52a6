import { atShare } from "../statistics.js";

/** Memory of a process at a time. */
export interface MemorySample {
  readonly seconds: number;
  readonly bytes: number;
}

/** Memory once it is warm against memory at the end. */
export interface MemoryTrend {
  /** Medians of a window behind the warming up and of the last one. */
  readonly warmBytes: number;
  readonly endBytes: number;
  /** Of the straight line through all samples since the warming up (least squares). */
  readonly bytesPerHour: number;
  readonly flat: boolean;
}

/** Caches and pools have filled by then; of a shorter run it is the first third. */
const WARM_SECONDS = 600;
const WINDOW_SECONDS = 300;
/** Between two looks a heap goes up and down by this much. */
const SWING = { share: 0.1, bytes: 32 * 1024 ** 2 };

/** Samples in order of time. Throws RangeError when there are none. */
export function trendOf(samples: readonly MemorySample[]): MemoryTrend {
  const end = samples.at(-1)?.seconds ?? 0;
  const warm = Math.min(WARM_SECONDS, end / 3);
  const window = Math.min(WINDOW_SECONDS, end / 6);
  const between = (from: number, to: number) => samples.filter(({ seconds }) => seconds >= from && seconds <= to);
  const median = (of: readonly MemorySample[]) =>
    atShare(
      of.map(({ bytes }) => bytes),
      0.5,
    );
  const steady = between(warm, end);
  const warmBytes = median(between(warm, warm + window));
  const endBytes = median(between(end - window, end));
  const meanSeconds = steady.reduce((sum, { seconds }) => sum + seconds, 0) / steady.length;
  const squares = steady.reduce((sum, { seconds }) => sum + (seconds - meanSeconds) ** 2, 0);
  const products = steady.reduce((sum, { seconds, bytes }) => sum + (seconds - meanSeconds) * bytes, 0);
  return {
    warmBytes,
    endBytes,
    bytesPerHour: squares === 0 ? 0 : (3_600 * products) / squares,
    flat: endBytes - warmBytes <= Math.max(SWING.bytes, SWING.share * warmBytes),
  };
}
