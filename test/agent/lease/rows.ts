import type { SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";

const nothing = new Uint8Array();
const target = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 1]);

/** A SYN reply of the target with this index. */
export function replyRow(index: number): SynReplyRow {
  return {
    table: "syn_replies",
    source: "synscan/v4/80",
    index,
    target,
    port: 80,
    variant: "v1",
    verdict: "plain",
    receivedAtUs: 1_700_000_000_000_000,
    rttUs: 1_000,
    responder: target,
    ttl: 60,
    tcpFlags: 0x12,
    window: 64_240,
    receiverKey: null,
    options: nothing,
    icmpType: 0,
    icmpCode: 0,
    quote: nothing,
  };
}

/** A hop's answer on the way to the target with this index. */
export function hopRow(index: number): TraceHopRow {
  return {
    table: "trace_hops",
    source: "tracebox/v4/80",
    index,
    target,
    port: 80,
    variant: "v1",
    ttl: 3,
    kind: "time-exceeded",
    responder: target,
    receivedAtUs: 1_700_000_000_000_000,
    rttUs: null,
    replyTtl: 250,
    verdict: "",
    mptcp: "unmodified",
    changes: [],
    unobservable: [],
    quote: nothing,
    options: nothing,
    icmpType: 11,
    icmpCode: 0,
    firstDifferenceBit: null,
    icmpExtensions: [],
    sentFrom: target,
  };
}
