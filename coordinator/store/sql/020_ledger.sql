-- What agents say they made: a line for each batch that was durable in an agent's spool, whatever became of it. Lines
-- come as batches of their own; one that comes twice is one line after a merge. `parallax verify-ledger` holds the fact
-- tables against it.

CREATE TABLE IF NOT EXISTS ledger (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point of the agent',
  agent LowCardinality(String) COMMENT 'machine whose ledger it is',
  batch UUID COMMENT 'batch that brought the line' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch that brought the line' CODEC(Delta, ZSTD(1)),
  ledger UUID COMMENT 'random name of the file; an agent that lost its disk begins another one' CODEC(ZSTD(1)),
  line UInt64 COMMENT 'number of the line in the file, from 0 without gaps' CODEC(Delta, ZSTD(1)),
  made UUID COMMENT 'batch that was made' CODEC(ZSTD(1)),
  `table` LowCardinality(String) COMMENT 'fact table of its rows',
  rows UInt32 COMMENT 'number of its rows' CODEC(ZSTD(1)),
  sha256 String COMMENT 'SHA-256 of its Native block, hexadecimal' CODEC(ZSTD(1)),
  leases Array(String) COMMENT 'leases that have rows in it, each as lease@epoch' CODEC(ZSTD(1)),
  made_at DateTime64(6, 'UTC') COMMENT 'when it was durable in the spool, by the clock of the agent' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, agent, ledger, line)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
