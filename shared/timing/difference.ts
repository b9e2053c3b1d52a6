import type { WebTimingRow } from "../batch/rows.js";
import type { TimingPhase } from "./names.js";

/** The median of a sample with an interval for that of the population. */
export interface MedianInterval {
  readonly median: number;
  /** Null where there are too few values: six at least. */
  readonly low: number | null;
  readonly high: number | null;
}

const LEVEL = 0.95;

/**
 * The median and its interval by order statistics (the sign test turned around): it takes nothing for granted about the
 * distribution, and single outliers do not move it. At least 95 % of such intervals hold the true median. Null for no
 * values.
 */
export function medianInterval(values: readonly number[]): MedianInterval | null {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) return null;
  const at = (rank: number): number => sorted[rank] ?? 0;
  const median = (at(Math.floor((count - 1) / 2)) + at(Math.ceil((count - 1) / 2))) / 2;
  const outside = ranksOutside(count);
  return outside === 0
    ? { median, low: null, high: null }
    : { median, low: at(outside - 1), high: at(count - outside) };
}

/** How many values may be cut off at each end: the most for which the interval still has its level. */
function ranksOutside(count: number): number {
  // Of the binomial distribution with p = 1/2, in logarithms: 2^-count is 0 for large counts.
  let logTerm = -count * Math.LN2;
  let below = Math.exp(logTerm);
  let ranks = 0;
  while (2 * below <= 1 - LEVEL && 2 * (ranks + 1) <= count) {
    logTerm += Math.log((count - ranks) / (ranks + 1));
    ranks++;
    below += Math.exp(logTerm);
  }
  return ranks;
}

type TimedRow = Pick<WebTimingRow, "run" | "transport" | "connectUs" | "pretransferUs" | "firstByteUs" | "totalUs">;

/** When a connection got to a phase, in microseconds; null where it did not. */
export function phaseUs(row: Omit<TimedRow, "run" | "transport">, phase: TimingPhase): number | null {
  switch (phase) {
    case "connect":
      return row.connectUs;
    case "pretransfer":
      return row.pretransferUs;
    case "firstByte":
      return row.firstByteUs;
    case "total":
      return row.totalUs;
  }
}

/** MPTCP minus TCP in microseconds for each run of one target where both got to the phase. */
export function pairedDifferences(rows: readonly TimedRow[], phase: TimingPhase): number[] {
  const over = (transport: TimedRow["transport"]): Map<number, number | null> =>
    new Map(rows.filter((row) => row.transport === transport).map((row) => [row.run, phaseUs(row, phase)]));
  const tcp = over("tcp");
  return [...over("mptcp")].flatMap(([run, mptcpUs]) => {
    const tcpUs = tcp.get(run) ?? null;
    return mptcpUs === null || tcpUs === null ? [] : [mptcpUs - tcpUs];
  });
}
