import type { HopKind, TraceHopRow } from "../../shared/batch/rows.js";
import { icmpExtensionTexts } from "../../shared/packet/icmp-extension-text.js";
import type { QuotedSegment } from "../../shared/packet/quoted-segment.js";
import type { Variant } from "../../shared/probe/variant.js";
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

export interface VerbatimHopFacts {
  readonly source: string;
  readonly index: number;
  readonly variant: Variant;
  readonly ttl: number;
  readonly capturedUs: number;
  readonly rttUs: number;
  /** Our own address, 16 bytes. */
  readonly sentFrom: Uint8Array;
}

/** The row of a router that quotes the probe as it was sent. Everything that lies in the receive ring is copied. */
export function verbatimHopRow(facts: VerbatimHopFacts, quoted: QuotedSegment): TraceHopRow {
  return {
    table: "trace_hops",
    source: facts.source,
    index: facts.index,
    target: quoted.destination.slice(),
    port: quoted.destinationPort,
    variant: facts.variant,
    ttl: facts.ttl,
    kind: "time-exceeded",
    responder: quoted.router.slice(),
    receivedAtUs: facts.capturedUs,
    rttUs: facts.rttUs,
    replyTtl: quoted.replyTtl,
    verdict: "",
    mptcp: "unmodified",
    changes: NONE,
    unobservable: NONE,
    quote: quoted.bytes.slice(quoted.quoteAt, quoted.quoteEnd),
    options: EMPTY,
    icmpType: quoted.icmpType,
    icmpCode: quoted.icmpCode,
    firstDifferenceBit: null,
    icmpExtensions: NONE,
    sentFrom: facts.sentFrom,
  };
}

const NONE: readonly string[] = [];
const EMPTY = new Uint8Array(0);

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
