-- Handshakes of verify: one row per target, port and MPTCP version that answered.

CREATE TABLE IF NOT EXISTS handshakes (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point that asked',
  agent LowCardinality(String) COMMENT 'machine that asked',
  batch UUID COMMENT 'batch id; with row the key of the row' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  source LowCardinality(String) COMMENT 'target source',
  `index` UInt64 COMMENT 'index in the target source' CODEC(ZSTD(1)),
  target IPv6 COMMENT 'address asked, IPv4 mapped' CODEC(ZSTD(1)),
  port UInt16 COMMENT 'TCP port asked',
  variant LowCardinality(String) COMMENT 'v0, v1',
  verdict LowCardinality(String) COMMENT 'join-reset, dss-proved, fell-back, unconfirmed',
  `after` LowCardinality(String) COMMENT 'dss-stripped, payload-altered, or empty',
  syn_verdict LowCardinality(String) COMMENT 'verdict on the answer to MP_CAPABLE',
  join_probe LowCardinality(String) COMMENT 'answer to an MP_JOIN with an unknown token: mp-tcprst, rst, syn-ack, unreachable, silent; empty where none was sent',
  join_probe_reason Nullable(UInt32) COMMENT 'reason of its MP_TCPRST',
  `join` LowCardinality(String) COMMENT 'second subflow: join-accepted, join-blocked, join-rejected; empty where none was tried',
  join_reason Nullable(UInt32) COMMENT 'reason of the MP_TCPRST that rejected it',
  join_removal LowCardinality(String) COMMENT 'removed, kept: the second subflow after REMOVE_ADDR',
  no_join UInt8 COMMENT 'flag C of the MP_CAPABLE of the host',
  checksum_required UInt8 COMMENT 'flag A of the MP_CAPABLE of the host',
  receiver_key Nullable(UInt64) COMMENT 'MPTCP key of the host, where it claims to speak MPTCP',
  addresses Array(String) COMMENT 'addresses announced by ADD_ADDR',
  reset_reason Nullable(UInt32) COMMENT 'reason of the MP_TCPRST that ended the first subflow',
  received_at DateTime64(6, 'UTC') COMMENT 'capture time of the first answer, UTC' CODEC(Delta, ZSTD(1)),
  rtt_us Nullable(UInt32) COMMENT 'round trip of the SYN in microseconds' CODEC(T64, ZSTD(1)),
  responder IPv6 COMMENT 'source address of the answer' CODEC(ZSTD(1)),
  ttl UInt8 COMMENT 'TTL or hop limit of the answer',
  options String COMMENT 'raw TCP option bytes of the SYN/ACK or RST' CODEC(ZSTD(1)),
  segments Array(String) COMMENT 'segments of the host: connection, flags, bytes of data, options in hexadecimal digits' CODEC(ZSTD(1)),
  rule_version UInt16 COMMENT 'version of the rules that gave the verdict'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, port, target, vantage, variant, batch, row)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
