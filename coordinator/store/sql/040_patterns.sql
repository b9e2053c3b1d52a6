-- Targets of which only answers to SYNs are known are judged by the pattern of these, and each pattern once.

CREATE TABLE IF NOT EXISTS judged_patterns (
  campaign LowCardinality(String) COMMENT 'campaign id',
  pattern UInt64 COMMENT 'hash of the views of all vantage points, with their names',
  host_verdict LowCardinality(String) COMMENT 'mptcp, echoing-middlebox, middlebox-near-host, not-capable, not-reached',
  host_rule LowCardinality(String) COMMENT 'rule that gave the host verdict',
  placement LowCardinality(String) COMMENT 'agree, near-source, near-destination, transit, flapping, uncertain',
  placement_rule LowCardinality(String) COMMENT 'rule that gave the placement',
  affected UInt16 COMMENT 'vantage points that are affected',
  rule_version UInt16 COMMENT 'version of the rules',
  computed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (campaign, pattern);
