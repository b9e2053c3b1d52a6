-- Replays: the verdicts of a campaign by rules that are newer than its rows. Rows stay as they were written.
-- What a replay changes is beside them, and counts where its `replay` is the campaign's last one.

ALTER TABLE trace_hops ADD COLUMN IF NOT EXISTS sent_from IPv6 COMMENT 'source address of the probe; :: in rows of older agents' CODEC(ZSTD(1)) AFTER icmp_code;
ALTER TABLE handshakes ADD COLUMN IF NOT EXISTS facts Array(LowCardinality(String)) COMMENT 'what the verdict follows from: data-acked, dss-seen, data-ack-right, altered, or none; empty in rows of older agents' AFTER segments;

CREATE TABLE IF NOT EXISTS replays (
  campaign LowCardinality(String) COMMENT 'campaign id',
  replay UInt64 COMMENT 'number of the replay: Unix milliseconds of its start',
  rule_version UInt16 COMMENT 'version of the rules that it applied',
  `rows` UInt64 COMMENT 'rows that it judged again',
  changed UInt64 COMMENT 'rows that got another verdict'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, replay)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS replayed_syn_replies (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point that asked',
  batch UUID COMMENT 'with row the key of the row that is judged again' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  replay UInt64 COMMENT 'replay that judged it',
  target IPv6 COMMENT 'address asked, IPv4 mapped' CODEC(ZSTD(1)),
  port UInt16 COMMENT 'TCP port asked',
  variant LowCardinality(String) COMMENT 'v0, v1, plain, unknown-option',
  received_at DateTime64(6, 'UTC') COMMENT 'capture time of the reply, UTC' CODEC(Delta, ZSTD(1)),
  verdict LowCardinality(String) COMMENT 'verdict by the rules of the replay'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, replay, port, target, vantage, variant, batch, row)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS replayed_trace_hops (
  campaign LowCardinality(String) COMMENT 'campaign id',
  replay UInt64 COMMENT 'replay that judged it',
  batch UUID COMMENT 'with row the key of the row that is judged again' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  verdict LowCardinality(String) COMMENT 'SYN verdict by the rules of the replay',
  mptcp LowCardinality(String) COMMENT 'state of option 30',
  changes Array(LowCardinality(String)) COMMENT 'conditions that the quote shows',
  unobservable Array(LowCardinality(String)) COMMENT 'fields that the quote is too short to show',
  first_difference_bit Nullable(UInt16) COMMENT 'first bit in which the quote differs from the probe; null for none'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, replay, batch, row)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS replayed_handshakes (
  campaign LowCardinality(String) COMMENT 'campaign id',
  replay UInt64 COMMENT 'replay that judged it',
  batch UUID COMMENT 'with row the key of the row that is judged again' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  verdict LowCardinality(String) COMMENT 'verdict by the rules of the replay',
  `after` LowCardinality(String) COMMENT 'dss-stripped, payload-altered, or empty',
  syn_verdict LowCardinality(String) COMMENT 'verdict on the answer to MP_CAPABLE'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, replay, batch, row)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
