import { sameAddress } from "../../shared/address/address.js";
import type { HopKind, TraceHopRow } from "../../shared/batch/rows.js";
import type { Packet } from "../../shared/packet/decode.js";
import { icmpExtensionTexts } from "../../shared/packet/icmp-extension-text.js";
import { TCP_RST } from "../../shared/packet/tcp.js";
import { diffQuote, NO_QUOTE } from "../../shared/quote/diff.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import { icmpMeaning } from "../wire/icmp-meaning.js";
import type { Reply } from "../wire/receiver.js";

export interface TraceHopFacts {
  readonly source: string;
  readonly index: number;
  readonly reply: Reply;
  readonly ttl: number;
  readonly kind: HopKind;
  readonly rttUs: number;
  /** The probe as it was sent, from its IP header on. */
  readonly probe: Uint8Array;
  readonly verdict: SynVerdict;
}

/** What kind of hop answered; null for a packet that says nothing of the path, such as a redirect. */
export function hopKind(packet: Packet): HopKind | null {
  switch (packet.kind) {
    case "tcp":
      return (packet.tcp.flags & TCP_RST) !== 0 ? "rst" : "synack";
    case "icmp-error":
      return icmpMeaning(packet.icmp, packet.ip.family);
    case "other":
      return null;
  }
}

/**
 * The row of one answer, with what its quote shows of the probe. Everything that lies in the receive ring is copied.
 * Throws DecodeError when the quote is no IP packet.
 */
export function traceHopRow({ source, index, reply, ttl, kind, rttUs, probe, verdict }: TraceHopFacts): TraceHopRow {
  const { packet, match, capturedUs } = reply;
  const tcp = packet.kind === "tcp" ? packet.tcp : null;
  const icmp = packet.kind === "icmp-error" ? packet.icmp : null;
  const diff = icmp === null ? NO_QUOTE : diffQuote(probe, icmp.quote);
  const fromTarget = tcp !== null || (kind === "unreachable" && sameAddress(packet.ip.source, match.address));
  return {
    table: "trace_hops",
    source,
    index,
    target: match.address.slice(),
    port: match.port,
    variant: match.variant,
    ttl,
    kind,
    responder: packet.ip.source.slice(),
    receivedAtUs: capturedUs,
    rttUs,
    replyTtl: packet.ip.ttl,
    verdict: fromTarget ? verdict : "",
    mptcp: diff.mptcp,
    changes: diff.changes,
    unobservable: diff.unobservable,
    quote: icmp?.quote.slice() ?? new Uint8Array(0),
    options: tcp?.options.slice() ?? new Uint8Array(0),
    icmpType: icmp?.type ?? 0,
    icmpCode: icmp?.code ?? 0,
    firstDifferenceBit: diff.firstDifferenceBit,
    icmpExtensions: icmp === null ? [] : icmpExtensionTexts(icmp.extensions),
  };
}
