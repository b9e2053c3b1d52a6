/** Where the values of a table come from. */
export interface TableReference {
  readonly about: string;
  /** Who makes the rows, and of what. */
  readonly source: string;
  /** Columns that somebody else fills in. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** What ingest puts in front of a batch. */
const FROM_SUBJECT = {
  ...{ campaign: "subject of the message", vantage: "subject of the message", agent: "subject of the message" },
  batch: "header of the message",
};
const COMPARISON = "coordinator, made from the facts and made again at any time";
const OPERATOR = "file that the operator imports";

/** Every table and view, in the order of the document: docs/schema.md is made of this and of the columns' comments. */
export const TABLES: Readonly<Record<string, TableReference>> = {
  syn_replies: {
    about: "Answers to SYNs, a row for each.",
    source: "agent, from the packet",
    columns: FROM_SUBJECT,
  },
  trace_hops: {
    about: "Answers to probes with a limited TTL, a row for each.",
    source: "agent, from the packet",
    columns: FROM_SUBJECT,
  },
  handshakes: {
    about: "Handshakes of verify: a row for each target, port and MPTCP version that answered.",
    source: "agent, from the connection's packets",
    columns: FROM_SUBJECT,
  },
  web_timings: {
    about: "Pages fetched over MPTCP and over TCP, a row for each connection.",
    source: "agent, from the system's sockets",
    columns: FROM_SUBJECT,
  },
  target_skips: {
    about: "Targets that an agent left out, and why.",
    source: "agent, when it would have asked",
    columns: FROM_SUBJECT,
  },
  ledger: {
    about: "What agents say they made: a line for each batch that was durable in a spool.",
    source: "agent, from its ledger's file",
    columns: FROM_SUBJECT,
  },
  campaigns: { about: "Campaigns, with their whole specification.", source: "coordinator" },
  target_lists: { about: "Frozen lists of targets of later passes.", source: "coordinator, from the views of targets" },
  coverage: {
    about: "What was asked, left out and may have been asked twice, as intervals of indices.",
    source: "coordinator, from leases; rows of kind skipped and epoch 0 from target_skips",
  },
  vantages: { about: "Self-tests of agents, a row for each.", source: "agent, before its first lease" },
  canaries: { about: "Canaries and what they answered last.", source: "coordinator, from syn_replies" },
  alarms: { about: "Alarms from their beginning to their end.", source: "coordinator" },
  optouts: { about: "History of the opt-outs.", source: "operator" },
  replays: { about: "Replays: campaigns whose rows were judged again.", source: "coordinator" },
  replayed_syn_replies: { about: "Rows of syn_replies with another verdict.", source: "coordinator, parallax replay" },
  replayed_trace_hops: { about: "Rows of trace_hops with another verdict.", source: "coordinator, parallax replay" },
  replayed_handshakes: { about: "Rows of handshakes with another verdict.", source: "coordinator, parallax replay" },
  target_views: { about: "What each vantage point says of each target.", source: COMPARISON },
  path_changes: { about: "Changes on paths, with the interval of hops where they happen.", source: COMPARISON },
  target_classes: { about: "What all vantage points together say of each target.", source: COMPARISON },
  judged_patterns: { about: "Judgements of targets of which only answers are known.", source: COMPARISON },
  view_counts: { about: "Numbers of rows of target_views.", source: COMPARISON },
  class_counts: { about: "Numbers of rows of target_classes.", source: COMPARISON },
  snapshots: { about: "Data sets that were imported to their end.", source: OPERATOR },
  prefix_asn: { about: "Networks that announce a prefix.", source: OPERATOR },
  prefix_geo: { about: "Places of prefixes.", source: OPERATOR },
  as_info: { about: "Names and ranks of networks.", source: OPERATOR },
  ixps: { about: "Peering networks of exchanges and the addresses of their members.", source: OPERATOR },
  host_scans: { about: "What operators' scans with nmap found, a row for each address.", source: OPERATOR },
  hosts: { about: "View: target_classes, current rows, addresses as text.", source: "target_classes" },
  disagreements: { about: "View: hosts of which vantage points say different things.", source: "target_classes" },
  vantage_matrix: { about: "View: for each host what each vantage point says.", source: "target_views" },
  middleboxes: { about: "View: places of changes, with the targets behind them.", source: "path_changes" },
  schema_migrations: { about: "Migrations that were applied.", source: "parallax up or migrate" },
};
