-- Rollups: made from the facts, at any time again, with the same result.

CREATE TABLE IF NOT EXISTS target_views (
  campaign LowCardinality(String) COMMENT 'campaign id',
  port UInt16 COMMENT 'TCP port',
  target IPv6 COMMENT 'address, IPv4 mapped' CODEC(ZSTD(1)),
  vantage LowCardinality(String) COMMENT 'vantage point',
  v0 LowCardinality(String) COMMENT 'last verdict on the SYN with MP_CAPABLE v0',
  v1 LowCardinality(String) COMMENT 'last verdict on the SYN with MP_CAPABLE v1',
  plain LowCardinality(String) COMMENT 'last verdict on the SYN without an MPTCP option',
  unknown LowCardinality(String) COMMENT 'last verdict on the SYN with an unassigned option',
  verdict LowCardinality(String) COMMENT 'what the vantage point says of the target, over all variants',
  computed_at DateTime64(3, 'UTC') COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (campaign, port, target, vantage);

CREATE TABLE IF NOT EXISTS path_changes (
  campaign LowCardinality(String) COMMENT 'campaign id',
  port UInt16 COMMENT 'TCP port',
  target IPv6 COMMENT 'address traced, IPv4 mapped' CODEC(ZSTD(1)),
  vantage LowCardinality(String) COMMENT 'vantage point',
  variant LowCardinality(String) COMMENT 'variant of the trace',
  `condition` LowCardinality(String) COMMENT 'what changed, such as tcp.option.mptcp.removed',
  after_ttl UInt8 COMMENT 'TTL of the last hop that showed the field as sent; 0 for none',
  after_hop IPv6 COMMENT 'its address; :: for none',
  before_ttl UInt8 COMMENT 'TTL of the first hop that showed the change',
  before_hop IPv6 COMMENT 'its address',
  path_length UInt8 COMMENT 'TTL at which the target answered; 0 when it did not',
  computed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (campaign, port, target, vantage, variant, condition);

CREATE TABLE IF NOT EXISTS target_classes (
  campaign LowCardinality(String) COMMENT 'campaign id',
  port UInt16 COMMENT 'TCP port',
  target IPv6 COMMENT 'address, IPv4 mapped' CODEC(ZSTD(1)),
  host_verdict LowCardinality(String) COMMENT 'mptcp, echoing-middlebox, middlebox-near-host, not-capable, not-reached',
  placement LowCardinality(String) COMMENT 'agree, near-source, near-destination, transit, flapping, uncertain',
  affected UInt16 COMMENT 'vantage points whose path shows a change',
  vantages UInt16 COMMENT 'vantage points that looked',
  explanation Array(String) COMMENT 'hops that explain the changes',
  computed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (campaign, port, target);

CREATE VIEW IF NOT EXISTS hosts AS
SELECT campaign, replaceRegexpOne(toString(target), '^::ffff:', '') AS address, port, host_verdict, placement, affected, vantages, explanation
FROM target_classes FINAL;

CREATE VIEW IF NOT EXISTS disagreements AS
SELECT * FROM hosts WHERE placement != 'agree';

CREATE VIEW IF NOT EXISTS vantage_matrix AS
SELECT campaign, replaceRegexpOne(toString(target), '^::ffff:', '') AS address, port,
  mapFromArrays(groupArray(vantage), groupArray(verdict)) AS verdicts
FROM (SELECT campaign, target, port, toString(vantage) AS vantage, toString(verdict) AS verdict FROM target_views FINAL)
GROUP BY campaign, target, port;

CREATE VIEW IF NOT EXISTS middleboxes AS
SELECT campaign, condition, replaceRegexpOne(toString(after_hop), '^::ffff:', '') AS after, replaceRegexpOne(toString(before_hop), '^::ffff:', '') AS before,
  arraySort(groupUniqArray(toString(vantage))) AS vantages, uniqExact(target, port) AS targets
FROM path_changes FINAL
GROUP BY campaign, condition, after_hop, before_hop;
