-- What agents found out about themselves and their place before they took work: a row for each self-test. The newest row of
-- an agent says how it is now; the newest from before a campaign's end, how it was then.

CREATE TABLE IF NOT EXISTS vantages (
  vantage LowCardinality(String) COMMENT 'vantage point',
  agent LowCardinality(String) COMMENT 'machine that tested itself',
  tested_at DateTime64(3, 'UTC') COMMENT 'when, by the clock of the agent, UTC',
  instance String COMMENT 'process life of the agent',
  version LowCardinality(String) COMMENT 'version of parallax-agent',
  problem String COMMENT 'what is wrong and what to do about it; empty: fit to work',
  driver LowCardinality(String) COMMENT 'how packets leave: xdp, packet, portable or sim; empty where they cannot',
  driver_reason String COMMENT 'why that driver',
  clock_offset_us Nullable(Int64) COMMENT 'microseconds to add to the clock of the agent for that of the coordinator; NULL where not known',
  round_trip_us Nullable(UInt64) COMMENT 'round trip of the exchange that the offset is from, microseconds; NULL as there',
  exit_target Nullable(IPv6) COMMENT 'where exit hops were looked for, IPv4 mapped; NULL: nowhere',
  exit_hops Array(Nullable(IPv6)) COMMENT 'first hops on the way there from TTL 1 on, IPv4 mapped; NULL where one was silent',
  spool_free_bytes UInt64 COMMENT 'room on the disk of the spool, bytes',
  spool_max_bytes UInt64 COMMENT 'what the spool may take, bytes',
  reference LowCardinality(String) COMMENT 'agent that heard its SYNs; empty: none',
  fidelity LowCardinality(String) COMMENT 'whether SYNs arrive there as they were sent: clean, changed or unknown',
  changes Array(LowCardinality(String)) COMMENT 'conditions of the SYNs that arrived, as in path_changes',
  fidelity_reason String COMMENT 'what is not known of it and why; may be empty',
  sent Array(String) COMMENT 'SYNs as they were sent, from their IP headers on, hexadecimal',
  received Array(String) COMMENT 'the same as they arrived, in the same order; empty where one did not',
  rule_version UInt16 COMMENT 'version of the rules that compared them'
)
ENGINE = ReplacingMergeTree
ORDER BY (vantage, agent, tested_at, instance)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
