import { PRESENT_HOPS } from "../../replay/present.js";
import { familyOf } from "../hosts.js";
import { CAMPAIGN, count, FAMILY, number, type ReportItem, type Row, share, text } from "../item.js";
import { shareFigure } from "../render/bars.js";

/** TTL at which a target answered with and without the option, where it did both. */
const LENGTHS = `
  SELECT port, target, vantage, minIf(ttl, variant IN ('v0', 'v1')) AS with_option, minIf(ttl, variant = 'plain') AS without_option
  FROM (${PRESENT_HOPS}) WHERE kind = 'synack'
  GROUP BY port, target, vantage HAVING with_option > 0 AND without_option > 0`;

const NOT_BOTH = "no path was traced to its end both with and without the option";
const WAYS = [
  { value: "shorter", words: "shorter with the option" },
  { value: "same", words: "as long" },
  { value: "longer", words: "longer with the option" },
];

/** Section 4.4.3 of the thesis. */
export const PATH_ITEMS: readonly ReportItem[] = [
  {
    id: "section-4.4.3-path-lengths",
    title: "Path length with and without the MPTCP option",
    about:
      "Targets that answered the traces of both kinds, by the difference of the smallest TTL that reached them: hops with " +
      "the option minus hops without.",
    columns: [
      CAMPAIGN,
      text("vantage", "Vantage point"),
      FAMILY,
      number("difference", "Difference in hops"),
      { name: "way", title: "With the option", kind: "code" },
      count("paths", "Paths"),
      share("share", "Share"),
    ],
    over: "each",
    split: ["campaign"],
    sql: () => `
      SELECT toString(vantage) AS vantage, ${familyOf("target")} AS family,
        toInt16(with_option) - toInt16(without_option) AS difference,
        multiIf(difference < 0, 'shorter', difference > 0, 'longer', 'same') AS way,
        count() AS paths, paths / sum(paths) OVER (PARTITION BY vantage, family) AS share
      FROM (${LENGTHS}) GROUP BY vantage, family, difference ORDER BY vantage, family, difference`,
    figure: (rows: readonly Row[]) =>
      shareFigure(rows, { bar: ["campaign", "vantage", "family"], part: "way", count: "paths", parts: WAYS }),
    absent: () => NOT_BOTH,
  },
  {
    id: "section-4.4.3-hops",
    title: "How long the paths are",
    about: "Paths to the same targets by their number of hops, with the option and without.",
    columns: [
      CAMPAIGN,
      text("vantage", "Vantage point"),
      FAMILY,
      number("hops", "Hops"),
      count("with_option", "With the option"),
      count("without_option", "Without"),
    ],
    over: "each",
    split: ["campaign"],
    sql: () => `
      SELECT toString(vantage) AS vantage, ${familyOf("target")} AS family, hop.1 AS hops, sum(hop.2) AS with_option,
        sum(hop.3) AS without_option
      FROM (SELECT vantage, target, arrayJoin([(with_option, 1, 0), (without_option, 0, 1)]) AS hop FROM (${LENGTHS}))
      GROUP BY vantage, family, hops ORDER BY vantage, family, hops`,
    absent: () => NOT_BOTH,
  },
];
