import { RULE_VERSION } from "../verdict/rules.js";
import type { ByteBuffer } from "./byte-buffer.js";
import {
  type ColumnWriter,
  dateTime64,
  ipv6,
  nullableUint16,
  nullableUint32,
  nullableUint64,
  string,
  stringArray,
  uint8,
  uint16,
  uint32,
  uint64,
} from "./column.js";
import { words } from "./dictionary.js";
import type { FactRow, HandshakeRow, SynReplyRow, TargetSkipRow, TraceHopRow, WebTimingRow } from "./rows.js";
import type { Column, FactTable } from "./tables.js";

/** A column of a table that knows what to take out of a row; `number` counts rows within the batch. */
export interface BoundColumn<Row> extends Column {
  append(row: Row, number: number): void;
  /** The type in which the values are sent: the column's own, or a narrower one. */
  sentType(): string;
  readonly parts: readonly ByteBuffer[];
}

/** The row type of a table. */
export type RowOf<Table extends FactTable> = Extract<FactRow, { table: Table }>;

/** Fresh columns of each table: those of FACT_TABLES, in that order. */
export const COLUMNS: { readonly [Table in FactTable]: () => readonly BoundColumn<RowOf<Table>>[] } = {
  syn_replies: synReplyColumns,
  trace_hops: traceHopColumns,
  handshakes: handshakeColumns,
  web_timings: webTimingColumns,
  target_skips: targetSkipColumns,
};

function synReplyColumns(): readonly BoundColumn<SynReplyRow>[] {
  return [
    bind("row", uint32(), (_row, number) => number),
    bind("source", words(), (row) => row.source),
    bind("index", uint64(), (row) => row.index),
    bind("target", ipv6(), (row) => row.target),
    bind("port", uint16(), (row) => row.port),
    bind("variant", words(), (row) => row.variant),
    bind("verdict", words(), (row) => row.verdict),
    bind("received_at", dateTime64(), (row) => row.receivedAtUs),
    bind("rtt_us", nullableUint32(), (row) => row.rttUs),
    bind("responder", ipv6(), (row) => row.responder),
    bind("ttl", uint8(), (row) => row.ttl),
    bind("tcp_flags", uint8(), (row) => row.tcpFlags),
    bind("window", uint16(), (row) => row.window),
    bind("receiver_key", nullableUint64(), (row) => row.receiverKey),
    bind("options", string(), (row) => row.options),
    bind("icmp_type", uint8(), (row) => row.icmpType),
    bind("icmp_code", uint8(), (row) => row.icmpCode),
    bind("quote", string(), (row) => row.quote),
    bind("rule_version", uint16(), () => RULE_VERSION),
  ];
}

function traceHopColumns(): readonly BoundColumn<TraceHopRow>[] {
  return [
    bind("row", uint32(), (_row, number) => number),
    bind("source", words(), (row) => row.source),
    bind("index", uint64(), (row) => row.index),
    bind("target", ipv6(), (row) => row.target),
    bind("port", uint16(), (row) => row.port),
    bind("variant", words(), (row) => row.variant),
    bind("ttl", uint8(), (row) => row.ttl),
    bind("kind", words(), (row) => row.kind),
    bind("responder", ipv6(), (row) => row.responder),
    bind("received_at", dateTime64(), (row) => row.receivedAtUs),
    bind("rtt_us", nullableUint32(), (row) => row.rttUs),
    bind("reply_ttl", uint8(), (row) => row.replyTtl),
    bind("verdict", words(), (row) => row.verdict),
    bind("mptcp", words(), (row) => row.mptcp),
    bind("changes", stringArray(), (row) => row.changes),
    bind("unobservable", stringArray(), (row) => row.unobservable),
    bind("quote", string(), (row) => row.quote),
    bind("options", string(), (row) => row.options),
    bind("icmp_type", uint8(), (row) => row.icmpType),
    bind("icmp_code", uint8(), (row) => row.icmpCode),
    bind("first_difference_bit", nullableUint16(), (row) => row.firstDifferenceBit),
    bind("icmp_extensions", stringArray(), (row) => row.icmpExtensions),
    bind("sent_from", ipv6(), (row) => row.sentFrom),
    bind("rule_version", uint16(), () => RULE_VERSION),
  ];
}

function handshakeColumns(): readonly BoundColumn<HandshakeRow>[] {
  return [
    bind("row", uint32(), (_row, number) => number),
    bind("source", words(), (row) => row.source),
    bind("index", uint64(), (row) => row.index),
    bind("target", ipv6(), (row) => row.target),
    bind("port", uint16(), (row) => row.port),
    bind("variant", words(), (row) => row.variant),
    bind("verdict", words(), (row) => row.verdict),
    bind("after", words(), (row) => row.after),
    bind("syn_verdict", words(), (row) => row.synVerdict),
    bind("join_probe", words(), (row) => row.joinProbe),
    bind("join_probe_reason", nullableUint32(), (row) => row.joinProbeReason),
    bind("join", words(), (row) => row.join),
    bind("join_reason", nullableUint32(), (row) => row.joinReason),
    bind("join_removal", words(), (row) => row.joinRemoval),
    bind("no_join", uint8(), (row) => Number(row.noJoin)),
    bind("checksum_required", uint8(), (row) => Number(row.checksumRequired)),
    bind("receiver_key", nullableUint64(), (row) => row.receiverKey),
    bind("addresses", stringArray(), (row) => row.addresses),
    bind("reset_reason", nullableUint32(), (row) => row.resetReason),
    bind("received_at", dateTime64(), (row) => row.receivedAtUs),
    bind("rtt_us", nullableUint32(), (row) => row.rttUs),
    bind("responder", ipv6(), (row) => row.responder),
    bind("ttl", uint8(), (row) => row.ttl),
    bind("options", string(), (row) => row.options),
    bind("segments", stringArray(), (row) => row.segments),
    bind("facts", stringArray(), (row) => row.facts),
    bind("rule_version", uint16(), () => RULE_VERSION),
  ];
}

function webTimingColumns(): readonly BoundColumn<WebTimingRow>[] {
  return [
    bind("row", uint32(), (_row, number) => number),
    bind("source", words(), (row) => row.source),
    bind("index", uint64(), (row) => row.index),
    bind("target", ipv6(), (row) => row.target),
    bind("port", uint16(), (row) => row.port),
    bind("scheme", words(), (row) => row.scheme),
    bind("transport", words(), (row) => row.transport),
    bind("run", uint16(), (row) => row.run),
    bind("path", words(), (row) => row.path),
    bind("outcome", words(), (row) => row.outcome),
    bind("detail", words(), (row) => row.detail),
    bind("status", uint16(), (row) => row.status),
    bind("started_at", dateTime64(), (row) => row.startedAtUs),
    bind("connect_us", nullableUint32(), (row) => row.connectUs),
    bind("pretransfer_us", nullableUint32(), (row) => row.pretransferUs),
    bind("first_byte_us", nullableUint32(), (row) => row.firstByteUs),
    bind("total_us", nullableUint32(), (row) => row.totalUs),
    bind("body_bytes", uint64(), (row) => row.bodyBytes),
    bind("mptcp", words(), (row) => row.mptcp),
    bind("subflows", uint8(), (row) => row.subflows),
    bind("location", string(), (row) => row.location),
    bind("server", string(), (row) => row.server),
    bind("robots", words(), (row) => row.robots),
    bind("tls_version", words(), (row) => row.tlsVersion),
    bind("certificate", string(), (row) => row.certificate),
    bind("certificate_subject", string(), (row) => row.certificateSubject),
    bind("certificate_issuer", string(), (row) => row.certificateIssuer),
    bind("certificate_from", string(), (row) => row.certificateFrom),
    bind("certificate_to", string(), (row) => row.certificateTo),
    bind("certificate_error", words(), (row) => row.certificateError),
  ];
}

function targetSkipColumns(): readonly BoundColumn<TargetSkipRow>[] {
  return [
    bind("row", uint32(), (_row, number) => number),
    bind("source", words(), (row) => row.source),
    bind("index", uint64(), (row) => row.index),
    bind("target", ipv6(), (row) => row.target),
    bind("port", uint16(), (row) => row.port),
    bind("reason", words(), (row) => row.reason),
  ];
}

function bind<Row, Value>(
  name: string,
  writer: ColumnWriter<Value>,
  read: (row: Row, number: number) => Value,
): BoundColumn<Row> {
  return {
    name,
    type: writer.type,
    sentType: writer.sentType ?? (() => writer.type),
    parts: writer.parts,
    append: (row, number) => writer.append(read(row, number)),
  };
}
