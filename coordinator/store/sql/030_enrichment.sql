-- What others know of prefixes and networks: snapshots of data sets that the operator imports. Rows of a snapshot never
-- change; one that is not in `snapshots` was not imported to its end and counts for nothing.

CREATE TABLE IF NOT EXISTS snapshots (
  snapshot UInt64 COMMENT 'number of the import: Unix milliseconds of its start',
  topic LowCardinality(String) COMMENT 'what it tells: origins, places, exchanges, networks, ranks, names',
  kind LowCardinality(String) COMMENT 'kind of the file: maxmind, pfx2as, iptoasn, bgpdump, peeringdb, asrank',
  `date` Date COMMENT 'date of the data',
  file String COMMENT 'name of the file',
  sha256 String COMMENT 'SHA-256 of the file as it was given, hexadecimal',
  `rows` UInt64 COMMENT 'rows of this topic',
  left_out UInt64 COMMENT 'entries of the file that could not be used'
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, `date`, snapshot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS prefix_asn (
  snapshot UInt64 COMMENT 'snapshot that it is from',
  prefix String COMMENT 'IPv4 or IPv6 prefix',
  asn UInt32 COMMENT 'network that announces it; of several the first, which most peers see',
  others Array(UInt32) COMMENT 'other origins (MOAS), or the rest of an AS set'
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, prefix)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS prefix_geo (
  snapshot UInt64 COMMENT 'snapshot that it is from',
  prefix String COMMENT 'IPv4 or IPv6 prefix',
  country LowCardinality(String) COMMENT 'ISO 3166-1 code',
  city String COMMENT 'English name; empty where the data have none',
  latitude Nullable(Float64) COMMENT 'degrees north',
  longitude Nullable(Float64) COMMENT 'degrees east'
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, prefix)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS as_info (
  snapshot UInt64 COMMENT 'snapshot that it is from',
  asn UInt32 COMMENT 'number of the network',
  name String COMMENT 'its name',
  organisation String COMMENT 'who runs it',
  country LowCardinality(String) COMMENT 'ISO 3166-1 code of the organisation',
  network_type LowCardinality(String) COMMENT 'what it calls itself: Content, NSP, Cable/DSL/ISP and others',
  `rank` UInt32 COMMENT 'AS Rank, 1 for the largest customer cone; 0 unknown',
  cone UInt32 COMMENT 'networks in its customer cone; 0 unknown'
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, asn)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS ixps (
  snapshot UInt64 COMMENT 'snapshot that it is from',
  prefix String COMMENT 'peering network of an exchange, or the address of a member in it',
  exchange String COMMENT 'name of the exchange',
  country LowCardinality(String) COMMENT 'ISO 3166-1 code',
  asn UInt32 COMMENT 'member that has the address; 0 for the peering network itself'
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, prefix)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
