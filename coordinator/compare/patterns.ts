/**
 * Targets of which nothing is known but answers to SYNs are judged by these alone. All vantage points' views of a target
 * together are its pattern; a campaign of millions of targets has some thousand of them, and each is judged once.
 */

/** Targets with more evidence than that, whatever the port: a trace to one port tells of the path to the others. */
export const WITH_EVIDENCE = `
  SELECT target FROM trace_hops WHERE campaign = {campaign:String}
  UNION DISTINCT
  SELECT target FROM handshakes WHERE campaign = {campaign:String}`;

/** Of a view, of any target: vantage point and answers. Each text is hashed once, and not once for each row. */
const VIEW_HASH = `intHash64(sipHash64(vantage)
      + 3 * sipHash64(v0) + 5 * sipHash64(v1) + 7 * sipHash64(plain) + 11 * sipHash64(unknown))`;

/** Targets in the order of the table, each with its pattern: a sum, in which the order of the views does not matter. */
const PATTERNS = `
  SELECT port, target, sum(${VIEW_HASH}) AS pattern, count() AS vantages
  FROM target_views FINAL
  WHERE campaign = {campaign:String} AND target NOT IN (${WITH_EVIDENCE})
  GROUP BY campaign, port, target`;

/** Of each pattern one target: columns pattern (text), port, target and views as `readEvidence` has them. */
export const READ_PATTERNS = `
WITH examples AS (
  SELECT any((port, target)) AS example FROM (${PATTERNS}) GROUP BY pattern
)
SELECT toString(sum(${VIEW_HASH})) AS pattern, port, replaceRegexpOne(toString(target), '^::ffff:', '') AS target,
  arraySort(v -> v.1, groupArray((toString(vantage), toString(verdict), toString(v0), toString(v1), toString(plain),
    toString(unknown), [], [], [], []))) AS views
FROM target_views FINAL
WHERE campaign = {campaign:String} AND (port, target) IN (SELECT example.1, example.2 FROM examples)
GROUP BY port, target_views.target
SETTINGS optimize_aggregation_in_order = 1`;

/** Gives every target the judgement of its pattern. */
export const CLASSES_OF_PATTERNS = `
INSERT INTO target_classes (campaign, port, target, host_verdict, host_rule, placement, placement_rule, affected, vantages,
  explanation, rule_version, computed_at)
SELECT {campaign:String}, port, target, host_verdict, host_rule, placement, placement_rule, affected, vantages, [],
  rule_version, now64(3)
FROM (${PATTERNS}) AS targets
INNER JOIN (
  SELECT pattern, host_verdict, host_rule, placement, placement_rule, affected, rule_version
  FROM judged_patterns FINAL WHERE campaign = {campaign:String}
) AS judged USING pattern
SETTINGS optimize_aggregation_in_order = 1, optimize_on_insert = 0`;
