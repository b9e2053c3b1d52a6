import { CAMPAIGN, code, count, type ReportItem, share } from "../item.js";

/** What was asked, from the intervals that leases left behind. */
export const COVERAGE_ITEM: ReportItem = {
  id: "coverage",
  title: "Coverage",
  about:
    "Each target source of the campaigns with its size, how many of its targets were asked for certain (their intervals " +
    "put together, each counted once), how many of these may have been asked twice because an agent vanished, and how " +
    "many were left out.",
  columns: [
    CAMPAIGN,
    code("source", "Target source"),
    count("size", "Targets"),
    count("asked", "Asked"),
    share("share", "Share"),
    count("repeated", "Perhaps twice"),
    count("skipped", "Left out"),
  ],
  over: "each",
  split: ["campaign"],
  sql: () => `
    SELECT source_id AS source, source_size AS size, spans.asked AS asked,
      if(source_size = 0, 1, spans.asked / source_size) AS share, spans.repeated AS repeated, source_skips AS skipped
    FROM (
      SELECT part.1 AS place, part.2 AS source_id, part.3 AS source_size, part.4 AS source_skips
      FROM (SELECT arrayJoin(arrayZip(arrayEnumerate({sources:Array(String)}), {sources:Array(String)},
        {sizes:Array(UInt64)}, {skips:Array(UInt64)})) AS part)
    ) AS known
    LEFT JOIN (
      SELECT toString(source) AS spans_source, sumIf(fresh, kind = 'asked') AS asked, sumIf(fresh, kind = 'uncertain') AS repeated
      FROM (
        SELECT source, kind, \`from\`, \`to\`,
          max(\`to\`) OVER (PARTITION BY source, kind ORDER BY \`from\`, \`to\` ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached,
          if(\`to\` > greatest(\`from\`, reached), \`to\` - greatest(\`from\`, reached), 0) AS fresh
        FROM coverage FINAL WHERE campaign = {campaign:String}
      )
      GROUP BY source
    ) AS spans ON spans.spans_source = known.source_id
    ORDER BY known.place`,
  absent: () => "the campaigns have no target source",
};
