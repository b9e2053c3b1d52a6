-- Canaries: targets whose answer is known. Their replies are rows of syn_replies with a source that begins with canary/.

CREATE TABLE IF NOT EXISTS canaries (
  campaign LowCardinality(String) COMMENT 'campaign id',
  vantage LowCardinality(String) COMMENT 'vantage point that asked',
  agent LowCardinality(String) COMMENT 'machine that asked',
  target IPv6 COMMENT 'address asked, IPv4 mapped',
  port UInt16 COMMENT 'TCP port asked',
  expected String COMMENT 'a verdict over all variants, or variant=verdict for each that matters',
  verdict LowCardinality(String) COMMENT 'last answer over all variants; no-reply is silence',
  v0 LowCardinality(String) COMMENT 'last verdict on the SYN with MP_CAPABLE v0; empty where none is sent, as in the next three',
  v1 LowCardinality(String) COMMENT 'last verdict on the SYN with MP_CAPABLE v1',
  plain LowCardinality(String) COMMENT 'last verdict on the SYN without an MPTCP option',
  unknown LowCardinality(String) COMMENT 'last verdict on the SYN with an unassigned option',
  asked_at DateTime64(3, 'UTC') COMMENT 'when it was asked last (its lease), UTC',
  wrong_since Nullable(DateTime64(3, 'UTC')) COMMENT 'since when it answers otherwise than expected, UTC; NULL while it is right'
)
ENGINE = ReplacingMergeTree(asked_at)
ORDER BY (campaign, vantage, agent, target, port)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS alarms (
  kind LowCardinality(String) COMMENT 'canary: a canary answers otherwise than expected; unheard: an agent sends and nothing comes back',
  campaign LowCardinality(String) COMMENT 'campaign id; empty for unheard',
  vantage LowCardinality(String) COMMENT 'vantage point',
  agent LowCardinality(String) COMMENT 'machine',
  target String COMMENT 'address of the canary; empty for unheard',
  port UInt16 COMMENT 'its TCP port; 0 for unheard',
  expected String COMMENT 'what should have been found',
  answer String COMMENT 'what was found instead the last time',
  since DateTime64(3, 'UTC') COMMENT 'when it was found first, UTC',
  `last` DateTime64(3, 'UTC') COMMENT 'when it was found last, UTC',
  cleared Nullable(DateTime64(3, 'UTC')) COMMENT 'when it was over, UTC; NULL while it is on',
  cleared_by String COMMENT 'right again, campaign over, the agent left; empty while it is on',
  updated_at DateTime64(3, 'UTC') COMMENT 'time of this version of the row, UTC'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (kind, campaign, vantage, agent, target, port, since)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
