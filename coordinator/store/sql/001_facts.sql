-- Facts: one table per kind of evidence, all vantage points together, so that the views of one target lie side by side.
-- campaign, vantage, agent and batch are put in front of each batch by ingest; the rest comes from the agent.
-- (batch, row) is the key of a row; it ends ORDER BY, so that a row inserted twice is one row after a merge.
-- The deduplication window lets one insert token count once.

CREATE TABLE IF NOT EXISTS syn_replies (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point that asked',
  agent LowCardinality(String) COMMENT 'machine that asked',
  batch UUID COMMENT 'batch id; with row the key of the row' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  source LowCardinality(String) COMMENT 'target source',
  `index` UInt64 COMMENT 'index in the target source' CODEC(ZSTD(1)),
  target IPv6 COMMENT 'address asked, IPv4 mapped' CODEC(ZSTD(1)),
  port UInt16 COMMENT 'TCP port asked',
  variant LowCardinality(String) COMMENT 'v0, v1, plain, unknown-option',
  verdict LowCardinality(String) COMMENT 'verdict on this one reply',
  received_at DateTime64(6, 'UTC') COMMENT 'capture time of the reply, UTC' CODEC(Delta, ZSTD(1)),
  rtt_us Nullable(UInt32) COMMENT 'round trip in microseconds, where a timestamp came back' CODEC(T64, ZSTD(1)),
  responder IPv6 COMMENT 'source address of the reply' CODEC(ZSTD(1)),
  ttl UInt8 COMMENT 'TTL or hop limit of the reply',
  tcp_flags UInt8 COMMENT 'TCP flags of the reply, 0 for ICMP',
  `window` UInt16 COMMENT 'TCP window of the reply',
  receiver_key Nullable(UInt64) COMMENT 'MPTCP key of the host, where it claims to speak MPTCP',
  options String COMMENT 'raw TCP option bytes of the reply' CODEC(ZSTD(1)),
  icmp_type UInt8 COMMENT 'ICMP type, 0 for TCP',
  icmp_code UInt8 COMMENT 'ICMP code, 0 for TCP',
  quote String COMMENT 'raw packet quoted by an ICMP error' CODEC(ZSTD(1)),
  rule_version UInt16 COMMENT 'version of the rules that gave the verdict'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, port, target, vantage, variant, batch, row)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS trace_hops (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point that asked',
  agent LowCardinality(String) COMMENT 'machine that asked',
  batch UUID COMMENT 'batch id; with row the key of the row' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  source LowCardinality(String) COMMENT 'target source',
  `index` UInt64 COMMENT 'index in the target source' CODEC(ZSTD(1)),
  target IPv6 COMMENT 'address traced, IPv4 mapped' CODEC(ZSTD(1)),
  port UInt16 COMMENT 'TCP port',
  variant LowCardinality(String) COMMENT 'v0, v1, plain, unknown-option',
  ttl UInt8 COMMENT 'TTL or hop limit the probe was sent with',
  kind LowCardinality(String) COMMENT 'time-exceeded, unreachable, synack, rst',
  responder IPv6 COMMENT 'source address of the answer' CODEC(ZSTD(1)),
  received_at DateTime64(6, 'UTC') COMMENT 'capture time of the answer, UTC' CODEC(Delta, ZSTD(1)),
  rtt_us Nullable(UInt32) COMMENT 'round trip in microseconds' CODEC(T64, ZSTD(1)),
  reply_ttl UInt8 COMMENT 'TTL or hop limit of the answer',
  verdict LowCardinality(String) COMMENT 'SYN verdict where the target answered, else empty',
  mptcp LowCardinality(String) COMMENT 'state of option 30 in the quote',
  changes Array(LowCardinality(String)) COMMENT 'conditions that the quote shows, such as tcp.option.mptcp.removed',
  unobservable Array(LowCardinality(String)) COMMENT 'fields that the quote is too short to show',
  quote String COMMENT 'raw quoted packet' CODEC(ZSTD(1)),
  options String COMMENT 'raw TCP option bytes of a SYN/ACK or RST' CODEC(ZSTD(1)),
  icmp_type UInt8 COMMENT 'ICMP type, 0 for TCP',
  icmp_code UInt8 COMMENT 'ICMP code, 0 for TCP',
  rule_version UInt16 COMMENT 'version of the rules that gave the verdict'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, port, target, vantage, variant, ttl, batch, row)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
