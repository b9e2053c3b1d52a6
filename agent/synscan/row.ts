import type { SynReplyRow } from "../../shared/batch/rows.js";
import type { SynAnswer } from "../../shared/verdict/syn-reply.js";
import type { Reply } from "../wire/receiver.js";

export interface SynReplyFacts {
  readonly source: string;
  readonly index: number;
  readonly reply: Reply;
  readonly rttUs: number | null;
  readonly answer: SynAnswer;
}

/** The row of one reply. Everything that lies in the receive ring is copied. */
export function synReplyRow({ source, index, reply, rttUs, answer }: SynReplyFacts): SynReplyRow {
  const { packet, match, capturedUs } = reply;
  const tcp = packet.kind === "tcp" ? packet.tcp : null;
  const icmp = packet.kind === "icmp-error" ? packet.icmp : null;
  return {
    table: "syn_replies",
    source,
    index,
    target: match.address.slice(),
    port: match.port,
    variant: match.variant,
    verdict: answer.verdict,
    receivedAtUs: capturedUs,
    rttUs,
    responder: packet.ip.source.slice(),
    ttl: packet.ip.ttl,
    tcpFlags: tcp?.flags ?? 0,
    window: tcp?.window ?? 0,
    receiverKey: answer.receiverKey,
    options: tcp?.options.slice() ?? new Uint8Array(0),
    icmpType: icmp?.type ?? 0,
    icmpCode: icmp?.code ?? 0,
    quote: icmp?.quote.slice() ?? new Uint8Array(0),
  };
}
