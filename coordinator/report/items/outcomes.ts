import { CAMPAIGN, count, FAMILY, PORT, type ReportItem, share } from "../item.js";
import { NOT_TRACED, OUTCOME_WORDS, OUTCOMES, TRACED } from "../outcome.js";
import { shareFigure } from "../render/bars.js";

const outcomes = (id: string, title: string, about: string, isDifferent: boolean): ReportItem => ({
  id,
  title,
  about,
  columns: [
    CAMPAIGN,
    FAMILY,
    PORT,
    { name: "outcome", title: "Outcome", kind: "code" },
    count("hosts", "Hosts"),
    share("share", "Share"),
  ],
  over: "each",
  sql: () => `
    SELECT family, port, outcome, count() AS hosts, hosts / sum(hosts) OVER (PARTITION BY family, port) AS share
    FROM (${TRACED}) WHERE ${isDifferent ? "different_key" : "NOT different_key"}
    GROUP BY family, port, outcome
    ORDER BY family, port, indexOf([${OUTCOMES.map((name) => `'${name}'`).join(", ")}], outcome)`,
  figure: (rows) =>
    shareFigure(rows, {
      bar: ["campaign", "family", "port"],
      part: "outcome",
      count: "hosts",
      parts: OUTCOMES.map((name) => ({ value: name, words: OUTCOME_WORDS[name] })),
    }),
  absent: () => NOT_TRACED,
});

/** Figures 4.4 and 4.5 of the thesis. */
export const OUTCOME_ITEMS: readonly ReportItem[] = [
  outcomes(
    "figure-4.4-traces-same-key",
    "Traces of hosts with the same key",
    "Hosts that sent the prober's own key back, by what a trace with MP_CAPABLE found. An echo is no answer of a host.",
    false,
  ),
  outcomes(
    "figure-4.5-traces-different-key",
    "Traces of hosts with a different key",
    "Hosts that sent a key of their own, by what a trace with MP_CAPABLE found: truly capable when the host itself " +
      "answers with such a key over a path that leaves the option alone; behind a middlebox near the host when the option " +
      "is first seen changed within two hops of it.",
    true,
  ),
];
