import type { WebTimingRow } from "../../shared/batch/rows.js";
import { medianInterval, pairedDifferences, phaseUs } from "../../shared/timing/difference.js";
import { OUTCOME_WORDS, TIMING_PHASES, type TimingPhase, TRANSPORTS } from "../../shared/timing/names.js";
import type { Paint } from "./trace-report.js";

const PHASE_WORDS: Readonly<Record<TimingPhase, string>> = {
  connect: "connect",
  pretransfer: "pretransfer",
  firstByte: "first byte",
  total: "total",
};
const WIDTHS = [13, 12, 12] as const;

/** The connections to one target as lines for a person. */
export function formatTiming(name: string, rows: readonly WebTimingRow[], paint: Paint): string[] {
  const pages = rows.filter(({ run }) => run > 0);
  const [robots] = rows.filter(({ run }) => run === 0);
  const heading = paint.heading(`${name}${robots === undefined ? "" : `, ${robots.scheme}`}`);
  if (pages.length === 0) return [heading, `  ${robots === undefined ? "not asked" : refusalOf(robots)}`];
  return [heading, ...TRANSPORTS.map((transport) => summaryOf(pages, transport)), ...tableOf(pages, paint)];
}

/** Why a page was not asked for. */
function refusalOf({ robots, outcome, detail, status }: WebTimingRow): string {
  if (robots === "disallowed") return "not timed: robots.txt does not allow it";
  const why =
    outcome === "complete" ? `status ${status}` : `${OUTCOME_WORDS[outcome]}${detail === "" ? "" : ` (${detail})`}`;
  return `not timed: robots.txt cannot be had: ${why}`;
}

function summaryOf(pages: readonly WebTimingRow[], transport: WebTimingRow["transport"]): string {
  const own = pages.filter((row) => row.transport === transport);
  const counted = [
    ...counts(own.map(({ outcome, status }) => (status === 0 ? OUTCOME_WORDS[outcome] : `status ${status}`))),
    ...counts(own.map(({ mptcp }) => mptcp).filter((state) => state !== "")),
    ...counts(
      own.map(({ location }) => location).filter((location) => location !== ""),
      "to ",
    ),
    ...counts(
      own.map(({ certificateError }) => certificateError).filter((error) => error !== ""),
      "certificate ",
    ),
  ];
  return `  ${transport.toUpperCase()}: ${counted.join(", ")}`;
}

function counts(words: readonly string[], before = ""): string[] {
  const found = new Map<string, number>();
  for (const word of words) found.set(word, (found.get(word) ?? 0) + 1);
  return [...found].map(([word, count]) => `${before}${word} (${count})`);
}

function tableOf(pages: readonly WebTimingRow[], paint: Paint): string[] {
  const line = (...cells: string[]): string =>
    `  ${cells.map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0)).join("")}`.trimEnd();
  const lines = TIMING_PHASES.map((phase) => {
    const medians = TRANSPORTS.map((transport) =>
      medianInterval(pages.filter((row) => row.transport === transport).flatMap((row) => phaseUs(row, phase) ?? [])),
    );
    const difference = medianInterval(pairedDifferences(pages, phase));
    const found = difference === null ? "" : differenceText(difference);
    const isSlower = difference?.low != null && difference.low > 0;
    const texts = medians.map((one) => (one === null ? "-" : milliseconds(one.median)));
    return line(PHASE_WORDS[phase], ...texts, isSlower ? paint.changed(found) : found);
  });
  return [paint.faint(line("median", "TCP", "MPTCP", "MPTCP - TCP, 95 % interval")), ...lines];
}

function differenceText({ median, low, high }: NonNullable<ReturnType<typeof medianInterval>>): string {
  const interval = low === null || high === null ? "" : ` (${signed(low)} to ${signed(high)})`;
  return `${signed(median)}${interval}`;
}

function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(2)} ms`;
}

function signed(us: number): string {
  return `${us < 0 ? "" : "+"}${milliseconds(us)}`;
}
