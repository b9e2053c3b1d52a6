-- How many targets there are of each kind, counted when the rollups are made: a comparison reads these, whatever the size.

CREATE TABLE IF NOT EXISTS view_counts (
  campaign LowCardinality(String) COMMENT 'campaign id',
  port UInt16 COMMENT 'TCP port',
  vantage LowCardinality(String) COMMENT 'vantage point',
  verdict LowCardinality(String) COMMENT 'what the vantage point says of a target, over all variants',
  targets UInt64 COMMENT 'rows of target_views',
  computed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (campaign, port, vantage, verdict);

CREATE TABLE IF NOT EXISTS class_counts (
  campaign LowCardinality(String) COMMENT 'campaign id',
  port UInt16 COMMENT 'TCP port',
  host_verdict LowCardinality(String) COMMENT 'mptcp, echoing-middlebox, middlebox-near-host, not-capable, not-reached',
  placement LowCardinality(String) COMMENT 'agree, near-source, near-destination, transit, flapping, uncertain',
  targets UInt64 COMMENT 'rows of target_classes',
  computed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (campaign, port, host_verdict, placement);

-- Of the rollups that are there already.
INSERT INTO view_counts (campaign, port, vantage, verdict, targets)
SELECT campaign, port, vantage, verdict, count() FROM target_views FINAL GROUP BY campaign, port, vantage, verdict;
INSERT INTO class_counts (campaign, port, host_verdict, placement, targets)
SELECT campaign, port, host_verdict, placement, count() FROM target_classes FINAL GROUP BY campaign, port, host_verdict, placement;
