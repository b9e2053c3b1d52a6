-- Which rule said so, how sure an interval is, and which known box a change looks like.

ALTER TABLE path_changes ADD COLUMN IF NOT EXISTS mss UInt16 COMMENT 'new value of a changed maximum segment size, else 0' AFTER path_length;
ALTER TABLE path_changes ADD COLUMN IF NOT EXISTS traces UInt16 COMMENT 'traces, of all variants and vantage points, that show it first at the same hop' AFTER mss;
ALTER TABLE path_changes ADD COLUMN IF NOT EXISTS open_hops UInt8 COMMENT 'hops in the interval that say neither: silent, or quoting too little' AFTER traces;
ALTER TABLE path_changes ADD COLUMN IF NOT EXISTS confidence Float32 COMMENT 'how well the interval is established, 0 to 1: (1 - 2^-traces) / (1 + open_hops)' AFTER open_hops;
ALTER TABLE path_changes ADD COLUMN IF NOT EXISTS fingerprints Array(LowCardinality(String)) COMMENT 'known boxes that it looks like' AFTER confidence;
ALTER TABLE path_changes ADD COLUMN IF NOT EXISTS rule_version UInt16 COMMENT 'version of the rules' AFTER fingerprints;

ALTER TABLE target_classes ADD COLUMN IF NOT EXISTS host_rule LowCardinality(String) COMMENT 'rule that gave the host verdict' AFTER host_verdict;
ALTER TABLE target_classes ADD COLUMN IF NOT EXISTS placement_rule LowCardinality(String) COMMENT 'rule that gave the placement' AFTER placement;
ALTER TABLE target_classes ADD COLUMN IF NOT EXISTS rule_version UInt16 COMMENT 'version of the rules' AFTER explanation;

CREATE OR REPLACE VIEW hosts AS
SELECT campaign, replaceRegexpOne(toString(target), '^::ffff:', '') AS address, port, host_verdict, host_rule, placement, placement_rule,
  affected, vantages, explanation, rule_version
FROM target_classes FINAL;

CREATE OR REPLACE VIEW disagreements AS
SELECT * FROM hosts WHERE placement != 'agree';

CREATE OR REPLACE VIEW middleboxes AS
SELECT campaign, condition, replaceRegexpOne(toString(after_hop), '^::ffff:', '') AS after, replaceRegexpOne(toString(before_hop), '^::ffff:', '') AS before,
  arraySort(groupUniqArray(toString(vantage))) AS vantages, uniqExact(target, port) AS targets,
  round(max(confidence), 2) AS confidence, arraySort(groupUniqArrayArray(fingerprints)) AS fingerprints
FROM path_changes FINAL
GROUP BY campaign, condition, after_hop, before_hop;
