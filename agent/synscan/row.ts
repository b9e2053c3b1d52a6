import type { SynReplyRow } from "../../shared/batch/rows.js";
import type { Segment } from "../../shared/packet/segment.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { SynAnswer } from "../../shared/verdict/syn-reply.js";
import type { Reply } from "../wire/receiver.js";

export interface SynReplyFacts {
  readonly source: string;
  readonly index: number;
  readonly variant: Variant;
  readonly capturedUs: number;
  readonly rttUs: number | null;
  readonly answer: SynAnswer;
}

const NOTHING = new Uint8Array(0);

/** The row of a segment that answers a probe. Everything that lies in the receive ring is copied. */
export function segmentRow(facts: SynReplyFacts, segment: Segment): SynReplyRow {
  const target = segment.source.slice();
  return {
    table: "syn_replies",
    source: facts.source,
    index: facts.index,
    target,
    port: segment.sourcePort,
    variant: facts.variant,
    verdict: facts.answer.verdict,
    receivedAtUs: facts.capturedUs,
    rttUs: facts.rttUs,
    responder: target,
    ttl: segment.ttl,
    tcpFlags: segment.flags,
    window: segment.window,
    receiverKey: facts.answer.receiverKey,
    options: segment.bytes.slice(segment.optionsAt, segment.optionsEnd),
    icmpType: 0,
    icmpCode: 0,
    quote: NOTHING,
  };
}

/** The row of any answer that is no plain segment, as of an ICMP error. */
export function replyRow(facts: SynReplyFacts, { packet, match }: Reply): SynReplyRow {
  const tcp = packet.kind === "tcp" ? packet.tcp : null;
  const icmp = packet.kind === "icmp-error" ? packet.icmp : null;
  return {
    table: "syn_replies",
    source: facts.source,
    index: facts.index,
    target: match.address.slice(),
    port: match.port,
    variant: facts.variant,
    verdict: facts.answer.verdict,
    receivedAtUs: facts.capturedUs,
    rttUs: facts.rttUs,
    responder: packet.ip.source.slice(),
    ttl: packet.ip.ttl,
    tcpFlags: tcp?.flags ?? 0,
    window: tcp?.window ?? 0,
    receiverKey: facts.answer.receiverKey,
    options: tcp?.options.slice() ?? NOTHING,
    icmpType: icmp?.type ?? 0,
    icmpCode: icmp?.code ?? 0,
    quote: icmp?.quote.slice() ?? NOTHING,
  };
}
