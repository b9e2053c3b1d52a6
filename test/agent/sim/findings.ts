import type { SimChange } from "../../../agent/sim/world.js";
import type { SynAck, Trace, View } from "../../../coordinator/compare/evidence.js";
import { locateChanges } from "../../../coordinator/compare/locate.js";
import { formatAddress } from "../../../shared/address/address.js";
import type { SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import { TCP_ACK, TCP_SYN } from "../../../shared/packet/tcp.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import { optionKinds, quotedMss } from "../../../shared/quote/quoted-options.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";
import { viewVerdict } from "../../../shared/verdict/view.js";

/** Verdict per variant of the target with an index. */
export function answersOf(rows: readonly SynReplyRow[], index: number): Record<Variant, SynVerdict> {
  const own = rows.filter((row) => row.index === index);
  const verdict = (variant: Variant) => own.find((row) => row.variant === variant)?.verdict ?? "no-reply";
  return Object.fromEntries(VARIANTS.map((variant) => [variant, verdict(variant)])) as Record<Variant, SynVerdict>;
}

/** The traces of the target with an index. */
export function tracesOf(rows: readonly TraceHopRow[], index: number): Trace[] {
  const own = rows.filter((row) => row.index === index);
  return (["v0", "v1", "plain"] as const).map((variant) => ({
    variant,
    hops: own
      .filter((row) => row.variant === variant)
      .sort((a, b) => a.ttl - b.ttl)
      .map((row) => ({ ...row, responder: formatAddress(row.responder), quotedMss: quotedMss(row.quote) })),
  }));
}

/** The SYN/ACKs that a scan got from the target with an index. */
export function synAcksOf(rows: readonly SynReplyRow[], index: number): SynAck[] {
  return rows
    .filter((row) => row.index === index && (row.tcpFlags & SYN_ACK) === SYN_ACK)
    .map(({ variant, ttl, window, options }) => ({
      variant,
      replyTtl: ttl,
      window,
      optionKinds: optionKinds(options),
    }));
}
const SYN_ACK = TCP_SYN | TCP_ACK;

/** What a vantage point saw of the target with an index. */
export function viewOf(hops: readonly TraceHopRow[], replies: readonly SynReplyRow[], index: number): View {
  const answers = answersOf(replies, index);
  return viewWith(answers, { traces: tracesOf(hops, index), synAcks: synAcksOf(replies, index) });
}

function viewWith(answers: Readonly<Record<Variant, SynVerdict>>, evidence: Pick<View, "traces" | "synAcks">): View {
  const { "unknown-option": unknown, ...known } = answers;
  const verdict = viewVerdict(answers);
  return { vantage: "here", verdict, ...known, unknown, handshakes: [], otherPorts: [], ...evidence };
}

/** What a comparison finds on the path to the target with an index, of which the scan got `answers`. */
export function changesOf(
  rows: readonly TraceHopRow[],
  index: number,
  answers: Readonly<Record<Variant, SynVerdict>>,
): Set<SimChange> {
  const found = locateChanges(viewWith(answers, { traces: tracesOf(rows, index), synAcks: [] }));
  return new Set(distinct(found.map(({ condition, after, before }) => ({ condition, after, before }))));
}

function distinct(changes: readonly SimChange[]): SimChange[] {
  return [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()];
}
