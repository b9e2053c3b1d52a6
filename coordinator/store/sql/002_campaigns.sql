-- What was asked: campaigns, their frozen target lists, the intervals covered, the vantage points.

CREATE TABLE IF NOT EXISTS campaigns (
  id String COMMENT 'campaign id',
  series LowCardinality(String) COMMENT 'series the campaign belongs to',
  state LowCardinality(String) COMMENT 'created, running, finished, cancelled, failed',
  record String COMMENT 'the whole record as JSON: specification, keys, sources, vantage points' CODEC(ZSTD(3)),
  created_at DateTime64(3, 'UTC') COMMENT 'creation, UTC',
  updated_at DateTime64(3, 'UTC') COMMENT 'time of this version of the row, UTC'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS target_lists (
  campaign LowCardinality(String) COMMENT 'campaign id',
  source LowCardinality(String) COMMENT 'name of the list',
  `index` UInt64 COMMENT 'number of the target in the list',
  target IPv6 COMMENT 'address, IPv4 mapped' CODEC(ZSTD(1)),
  port UInt16 COMMENT 'TCP port'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, source, `index`)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS coverage (
  campaign LowCardinality(String) COMMENT 'campaign id',
  source LowCardinality(String) COMMENT 'target source',
  kind LowCardinality(String) COMMENT 'asked: every index was asked and its rows are here; uncertain: may have been asked, and is asked again',
  epoch UInt64 COMMENT 'epoch of the lease',
  `from` UInt64 COMMENT 'first index',
  `to` UInt64 COMMENT 'index behind the last',
  vantage LowCardinality(String) COMMENT 'vantage point',
  agent LowCardinality(String) COMMENT 'machine',
  reason String COMMENT 'why an interval is uncertain',
  saved_at DateTime64(3, 'UTC') COMMENT 'UTC'
)
ENGINE = ReplacingMergeTree(saved_at)
ORDER BY (campaign, source, kind, epoch, `from`)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
