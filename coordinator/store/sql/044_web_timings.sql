-- Pages fetched over MPTCP and over TCP: one row per connection.

CREATE TABLE IF NOT EXISTS web_timings (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point that asked',
  agent LowCardinality(String) COMMENT 'machine that asked',
  batch UUID COMMENT 'batch id; with row the key of the row' CODEC(ZSTD(1)),
  `row` UInt32 COMMENT 'row number in the batch' CODEC(Delta, ZSTD(1)),
  source LowCardinality(String) COMMENT 'target source',
  `index` UInt64 COMMENT 'index in the target source' CODEC(ZSTD(1)),
  target IPv6 COMMENT 'address asked, IPv4 mapped' CODEC(ZSTD(1)),
  port UInt16 COMMENT 'TCP port asked',
  scheme LowCardinality(String) COMMENT 'http, https',
  transport LowCardinality(String) COMMENT 'tcp, mptcp',
  run UInt16 COMMENT '0: robots.txt; from 1 on the page, once over each transport in each run',
  path LowCardinality(String) COMMENT 'what was asked for',
  outcome LowCardinality(String) COMMENT 'complete, body-limit, refused, unreachable, reset, timeout, tls-failed, not-http, closed, failed',
  detail LowCardinality(String) COMMENT 'word of the system or the library for what went wrong',
  status UInt16 COMMENT 'HTTP status; 0 without a response',
  started_at DateTime64(6, 'UTC') COMMENT 'beginning of the connection, UTC' CODEC(Delta, ZSTD(1)),
  connect_us Nullable(UInt32) COMMENT 'until the TCP handshake was over, in microseconds' CODEC(T64, ZSTD(1)),
  pretransfer_us Nullable(UInt32) COMMENT 'until the request was about to be sent, behind the TLS handshake' CODEC(T64, ZSTD(1)),
  first_byte_us Nullable(UInt32) COMMENT 'until the first byte of the response' CODEC(T64, ZSTD(1)),
  total_us Nullable(UInt32) COMMENT 'until the response was whole, or as much of it as is read' CODEC(T64, ZSTD(1)),
  body_bytes UInt64 COMMENT 'bytes of the body that were read' CODEC(ZSTD(1)),
  mptcp LowCardinality(String) COMMENT 'negotiated, fell-back, fell-back-later; empty for TCP and without a connection',
  subflows UInt8 COMMENT 'subflows of the MPTCP connection; 0 for TCP and after a fallback',
  location String COMMENT 'where a redirect led to; not followed' CODEC(ZSTD(1)),
  server String COMMENT 'header Server' CODEC(ZSTD(1)),
  robots LowCardinality(String) COMMENT 'allowed, disallowed, unreachable; of robots.txt only',
  tls_version LowCardinality(String) COMMENT 'such as TLSv1.3',
  certificate String COMMENT 'SHA-256 of the certificate, hexadecimal' CODEC(ZSTD(1)),
  certificate_subject String COMMENT 'whom it names' CODEC(ZSTD(1)),
  certificate_issuer String COMMENT 'who signed it' CODEC(ZSTD(1)),
  certificate_from String COMMENT 'valid from, RFC 3339' CODEC(ZSTD(1)),
  certificate_to String COMMENT 'valid until, RFC 3339' CODEC(ZSTD(1)),
  certificate_error LowCardinality(String) COMMENT 'why it is not to be trusted; nothing follows from it'
)
ENGINE = ReplacingMergeTree
ORDER BY (campaign, port, target, vantage, transport, batch, row)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
