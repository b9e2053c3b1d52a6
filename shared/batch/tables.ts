/**
 * The fact tables as agents write them: column name and ClickHouse type, in the order of the Native block. Ingest puts
 * the constant columns (campaign, vantage, agent, batch) in front; `row` makes (batch, row) the key of a row.
 *
 * Layouts only grow: a block of an older one lacks columns, which get the table's defaults. A block of a later one has
 * columns that this version's tables lack, and is refused.
 */
export const BATCH_SCHEMA_VERSION = 4;

export type NativeType =
  | "UInt8"
  | "UInt16"
  | "UInt32"
  | "UInt64"
  | "DateTime64(6)"
  | "IPv6"
  | "String"
  | "LowCardinality(String)"
  | "Array(String)"
  | "Nullable(UInt16)"
  | "Nullable(UInt32)"
  | "Nullable(UInt64)";

export interface Column {
  readonly name: string;
  readonly type: NativeType;
}

/** Tables of what packets told. */
export type EvidenceTable = "syn_replies" | "trace_hops" | "handshakes";
export type FactTable = EvidenceTable | "web_timings" | "target_skips";

/** What batches carry: facts, or lines of the agent's ledger (ledger.ts). */
export type BatchTable = FactTable | "ledger";

export const FACT_TABLES: Readonly<Record<FactTable, readonly Column[]>> = {
  syn_replies: [
    { name: "row", type: "UInt32" },
    { name: "source", type: "LowCardinality(String)" },
    { name: "index", type: "UInt64" },
    { name: "target", type: "IPv6" },
    { name: "port", type: "UInt16" },
    { name: "variant", type: "LowCardinality(String)" },
    { name: "verdict", type: "LowCardinality(String)" },
    { name: "received_at", type: "DateTime64(6)" },
    { name: "rtt_us", type: "Nullable(UInt32)" },
    { name: "responder", type: "IPv6" },
    { name: "ttl", type: "UInt8" },
    { name: "tcp_flags", type: "UInt8" },
    { name: "window", type: "UInt16" },
    { name: "receiver_key", type: "Nullable(UInt64)" },
    { name: "options", type: "String" },
    { name: "icmp_type", type: "UInt8" },
    { name: "icmp_code", type: "UInt8" },
    { name: "quote", type: "String" },
    { name: "rule_version", type: "UInt16" },
  ],
  trace_hops: [
    { name: "row", type: "UInt32" },
    { name: "source", type: "LowCardinality(String)" },
    { name: "index", type: "UInt64" },
    { name: "target", type: "IPv6" },
    { name: "port", type: "UInt16" },
    { name: "variant", type: "LowCardinality(String)" },
    { name: "ttl", type: "UInt8" },
    { name: "kind", type: "LowCardinality(String)" },
    { name: "responder", type: "IPv6" },
    { name: "received_at", type: "DateTime64(6)" },
    { name: "rtt_us", type: "Nullable(UInt32)" },
    { name: "reply_ttl", type: "UInt8" },
    { name: "verdict", type: "LowCardinality(String)" },
    { name: "mptcp", type: "LowCardinality(String)" },
    { name: "changes", type: "Array(String)" },
    { name: "unobservable", type: "Array(String)" },
    { name: "quote", type: "String" },
    { name: "options", type: "String" },
    { name: "icmp_type", type: "UInt8" },
    { name: "icmp_code", type: "UInt8" },
    { name: "first_difference_bit", type: "Nullable(UInt16)" },
    { name: "icmp_extensions", type: "Array(String)" },
    { name: "sent_from", type: "IPv6" },
    { name: "rule_version", type: "UInt16" },
  ],
  handshakes: [
    { name: "row", type: "UInt32" },
    { name: "source", type: "LowCardinality(String)" },
    { name: "index", type: "UInt64" },
    { name: "target", type: "IPv6" },
    { name: "port", type: "UInt16" },
    { name: "variant", type: "LowCardinality(String)" },
    { name: "verdict", type: "LowCardinality(String)" },
    { name: "after", type: "LowCardinality(String)" },
    { name: "syn_verdict", type: "LowCardinality(String)" },
    { name: "join_probe", type: "LowCardinality(String)" },
    { name: "join_probe_reason", type: "Nullable(UInt32)" },
    { name: "join", type: "LowCardinality(String)" },
    { name: "join_reason", type: "Nullable(UInt32)" },
    { name: "join_removal", type: "LowCardinality(String)" },
    { name: "no_join", type: "UInt8" },
    { name: "checksum_required", type: "UInt8" },
    { name: "receiver_key", type: "Nullable(UInt64)" },
    { name: "addresses", type: "Array(String)" },
    { name: "reset_reason", type: "Nullable(UInt32)" },
    { name: "received_at", type: "DateTime64(6)" },
    { name: "rtt_us", type: "Nullable(UInt32)" },
    { name: "responder", type: "IPv6" },
    { name: "ttl", type: "UInt8" },
    { name: "options", type: "String" },
    { name: "segments", type: "Array(String)" },
    { name: "facts", type: "Array(String)" },
    { name: "rule_version", type: "UInt16" },
  ],
  web_timings: [
    { name: "row", type: "UInt32" },
    { name: "source", type: "LowCardinality(String)" },
    { name: "index", type: "UInt64" },
    { name: "target", type: "IPv6" },
    { name: "port", type: "UInt16" },
    { name: "scheme", type: "LowCardinality(String)" },
    { name: "transport", type: "LowCardinality(String)" },
    { name: "run", type: "UInt16" },
    { name: "path", type: "LowCardinality(String)" },
    { name: "outcome", type: "LowCardinality(String)" },
    { name: "detail", type: "LowCardinality(String)" },
    { name: "status", type: "UInt16" },
    { name: "started_at", type: "DateTime64(6)" },
    { name: "connect_us", type: "Nullable(UInt32)" },
    { name: "pretransfer_us", type: "Nullable(UInt32)" },
    { name: "first_byte_us", type: "Nullable(UInt32)" },
    { name: "total_us", type: "Nullable(UInt32)" },
    { name: "body_bytes", type: "UInt64" },
    { name: "mptcp", type: "LowCardinality(String)" },
    { name: "subflows", type: "UInt8" },
    { name: "location", type: "String" },
    { name: "server", type: "String" },
    { name: "robots", type: "LowCardinality(String)" },
    { name: "tls_version", type: "LowCardinality(String)" },
    { name: "certificate", type: "String" },
    { name: "certificate_subject", type: "String" },
    { name: "certificate_issuer", type: "String" },
    { name: "certificate_from", type: "String" },
    { name: "certificate_to", type: "String" },
    { name: "certificate_error", type: "LowCardinality(String)" },
  ],
  target_skips: [
    { name: "row", type: "UInt32" },
    { name: "source", type: "LowCardinality(String)" },
    { name: "index", type: "UInt64" },
    { name: "target", type: "IPv6" },
    { name: "port", type: "UInt16" },
    { name: "reason", type: "LowCardinality(String)" },
  ],
};
