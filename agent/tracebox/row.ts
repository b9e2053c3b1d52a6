import type { HopKind, TraceHopRow } from "../../shared/batch/rows.js";
import { icmpExtensionTexts } from "../../shared/packet/icmp-extension-text.js";
import { hopFindings } from "../../shared/trace/hop-findings.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import type { Reply } from "../wire/receiver.js";

export { hopKind } from "../../shared/trace/hop-kind.js";

export interface TraceHopFacts {
  readonly source: string;
  readonly index: number;
  readonly reply: Pick<Reply, "packet" | "match" | "capturedUs">;
  readonly ttl: number;
  readonly kind: HopKind;
  readonly rttUs: number | null;
  /** The probe as it was sent, from its IP header on. */
  readonly probe: Uint8Array;
  readonly verdict: SynVerdict;
}

/**
 * The row of one answer, with what its quote shows of the probe. Everything that lies in the receive ring is copied.
 * Throws DecodeError when the quote is no IP packet.
 */
export function traceHopRow({ source, index, reply, ttl, kind, rttUs, probe, verdict }: TraceHopFacts): TraceHopRow {
  const { packet, match, capturedUs } = reply;
  const tcp = packet.kind === "tcp" ? packet.tcp : null;
  const icmp = packet.kind === "icmp-error" ? packet.icmp : null;
  const target = match.address.slice();
  const responder = packet.ip.source.slice();
  const quote = icmp?.quote.slice() ?? null;
  return {
    table: "trace_hops",
    source,
    index,
    target,
    port: match.port,
    variant: match.variant,
    ttl,
    kind,
    responder,
    receivedAtUs: capturedUs,
    rttUs,
    replyTtl: packet.ip.ttl,
    ...hopFindings({ kind, target, responder, probe, quote, synVerdict: verdict }),
    quote: quote ?? new Uint8Array(0),
    options: tcp?.options.slice() ?? new Uint8Array(0),
    icmpType: icmp?.type ?? 0,
    icmpCode: icmp?.code ?? 0,
    icmpExtensions: icmp === null ? [] : icmpExtensionTexts(icmp.extensions),
    sentFrom: packet.ip.destination.slice(),
  };
}
