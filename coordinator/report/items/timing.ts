import { CAMPAIGN, code, count, decimal, type ReportItem, type Row, share, text } from "../item.js";
import { CAPABLE, IS_LOSS } from "../outcome.js";
import { groupRows } from "../render/bars.js";
import { type Curve, distributionFigure } from "../render/distribution.js";

/** A row for each target, vantage point and run: microseconds over MPTCP less those over TCP, null where either is missing. */
const PAIRED = `
  SELECT vantage, port, target, run,
    ${["connect", "pretransfer", "first_byte", "total"]
      .map(
        (phase) =>
          `toInt64(argMaxIf(${phase}_us, started_at, transport = 'mptcp')) - toInt64(argMaxIf(${phase}_us, started_at, transport = 'tcp')) AS ${phase}`,
      )
      .join(",\n    ")}
  FROM web_timings WHERE campaign = {campaign:String} AND run > 0
  GROUP BY vantage, port, target, run`;

/** Paths on which the option is lost. */
const LOSSY = `
  SELECT port, target, vantage FROM path_changes FINAL WHERE campaign = {campaign:String} AND ${IS_LOSS}`;

/**
 * The median of a host's runs, for each vantage point and phase. Where MPTCP had no connection at all there is no
 * difference to count.
 */
const MEDIANS = `
  SELECT vantage, port, target, phase.1 AS place, phase.2 AS component,
    quantileExactInclusive(0.5)(assumeNotNull(phase.3)) / 1000 AS ms
  FROM (
    SELECT vantage, port, target,
      arrayJoin([(1, 'connect', connect), (2, 'pretransfer', pretransfer), (3, 'first-byte', first_byte), (4, 'total', total)])
        AS phase
    FROM (${PAIRED})
  )
  WHERE isNotNull(phase.3)
  GROUP BY vantage, port, target, place, component`;

const timing = (id: string, title: string, which: string, where: string): ReportItem => ({
  id,
  title,
  about:
    `Distribution of the difference in the times to connect, to the request, to the first byte and to the end, in whole ` +
    `milliseconds: the median of the runs for each host that a vantage point timed, ${which}.`,
  columns: [
    CAMPAIGN,
    text("vantage", "Vantage point"),
    code("component", "Component"),
    decimal("difference_ms", "MPTCP minus TCP, ms"),
    count("hosts", "Hosts"),
    share("share", "Share up to here"),
  ],
  over: "each",
  split: ["campaign"],
  top: { rows: 100 },
  sql: () => `
    SELECT toString(vantage) AS vantage, component, difference_ms, hosts,
      sum(hosts) OVER (PARTITION BY vantage, place ORDER BY difference_ms) / sum(hosts) OVER (PARTITION BY vantage, place)
        AS share
    FROM (
      SELECT vantage, place, component, round(ms) AS difference_ms, count() AS hosts
      FROM (${MEDIANS}) WHERE ${where} GROUP BY vantage, place, component, difference_ms
    )
    ORDER BY vantage, place, difference_ms`,
  figure: (rows) => distributionFigure(panelsOf(rows), { id }),
  absent: () =>
    "these campaigns had no stage that fetches pages over MPTCP and over TCP (`timing`), or it met no such host",
});

/** A panel for each vantage point of each campaign, a curve for each phase. */
function panelsOf(rows: readonly Row[]) {
  const isOne = groupRows(rows, ["campaign"]).size === 1;
  return [...groupRows(rows, isOne ? ["vantage"] : ["campaign", "vantage"])].map(([title, own]) => ({
    title,
    curves: [...groupRows(own, ["component"])].map(
      ([name, steps]): Curve => ({
        name,
        hosts: steps.reduce((sum, { hosts }) => sum + Number(hosts), 0),
        steps: steps.map((step) => ({ value: Number(step.difference_ms), share: Number(step.share) })),
      }),
    ),
  }));
}

/** Figures 4.8 and 4.9 of the thesis. */
export const TIMING_ITEMS: readonly ReportItem[] = [
  timing(
    "figure-4.8-timing-capable",
    "Time of a page over MPTCP and over TCP: capable hosts",
    "of those that are truly capable, on paths that leave the option alone",
    `(port, target) IN (SELECT port, target FROM (${CAPABLE})) AND (port, target, vantage) NOT IN (${LOSSY})`,
  ),
  timing(
    "figure-4.9-timing-middleboxes",
    "Time of a page over MPTCP and over TCP: hosts behind middleboxes",
    "on paths on which the option is lost or changed",
    `(port, target, vantage) IN (${LOSSY})`,
  ),
];
