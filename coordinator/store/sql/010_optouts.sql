-- Who is not to be asked, and who was left out because of it. Changes of the opt-outs are only ever added.

CREATE TABLE IF NOT EXISTS optouts (
  revision UInt64 COMMENT 'number of the change, from 1',
  kind LowCardinality(String) COMMENT 'add: the prefix has opted out; withdraw: a later word of the operator that it has not',
  prefix String COMMENT 'address/length, IPv4 or IPv6',
  reason String COMMENT 'who asked for it, and how',
  contact String COMMENT 'whom it came from; empty where kind is withdraw',
  origin String COMMENT 'operator, or the file that it was read from',
  `at` DateTime64(3, 'UTC') COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree
ORDER BY (revision, prefix)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS target_skips (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point that did not ask',
  agent LowCardinality(String) COMMENT 'machine that did not ask',
  batch UUID COMMENT 'batch id; with row the key of the row' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  source LowCardinality(String) COMMENT 'target source',
  `index` UInt64 COMMENT 'index in the target source' CODEC(ZSTD(1)),
  target IPv6 COMMENT 'address that was not asked, IPv4 mapped' CODEC(ZSTD(1)),
  port UInt16 COMMENT 'TCP port that was not asked',
  reason LowCardinality(String) COMMENT 'opt-out, or blocklist: of the agent''s own file'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, source, `index`, batch, row)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- A skip is coverage too: an index within an interval that was asked, which was not.
CREATE MATERIALIZED VIEW IF NOT EXISTS target_skips_to_coverage TO coverage AS
SELECT campaign, source, 'skipped' AS kind, toUInt64(0) AS epoch, `index` AS `from`, `index` + 1 AS `to`, vantage, agent, reason, now64(3) AS saved_at
FROM target_skips;

ALTER TABLE coverage COMMENT COLUMN kind 'asked: every index was asked and its rows are here, but for those within it that are skipped; uncertain: may have been asked, and is asked again; skipped: was not asked and will not be';
ALTER TABLE coverage COMMENT COLUMN epoch 'epoch of the lease; 0: of single targets that an agent left out';
