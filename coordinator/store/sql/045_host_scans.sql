-- What an operator's own scans with nmap found at addresses of boxes. Many scans count at once, each for its addresses.

CREATE TABLE IF NOT EXISTS host_scans (
  snapshot UInt64 COMMENT 'snapshot that it is from',
  address IPv6 COMMENT 'address scanned, IPv4 mapped',
  scanned_at DateTime('UTC') COMMENT 'when its scan ended, or began where the file does not say, UTC',
  names Array(String) COMMENT 'names that nmap was given for it or found',
  ports Array(Tuple(UInt16, String, String, String, String)) COMMENT 'ports of which the file has a line: number, protocol, state, service, product with its version',
  os String COMMENT 'operating system that fits best; empty where nmap guessed none',
  os_accuracy UInt8 COMMENT 'how well it fits, percent'
)
ENGINE = ReplacingMergeTree
ORDER BY (address, scanned_at, snapshot)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE snapshots COMMENT COLUMN topic 'what it tells: origins, places, exchanges, networks, ranks, names, scans';
ALTER TABLE snapshots COMMENT COLUMN kind 'kind of the file: maxmind, pfx2as, iptoasn, bgpdump, peeringdb, asrank, nmap';
