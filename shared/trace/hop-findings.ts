import { sameAddress } from "../address/address.js";
import type { HopKind, TraceHopRow } from "../batch/rows.js";
import { diffQuote, NO_QUOTE } from "../quote/diff.js";
import type { SynVerdict } from "../verdict/names.js";

/** One answer to a TTL-limited probe, as far as anything follows from it. Addresses have 16 bytes. */
export interface HopEvidence {
  readonly kind: HopKind;
  readonly target: Uint8Array;
  readonly responder: Uint8Array;
  /** The probe as it was sent, from its IP header on. */
  readonly probe: Uint8Array;
  /** What an ICMP error quotes; null where a segment answered. */
  readonly quote: Uint8Array | null;
  /** Of the answer, should it be the target's. */
  readonly synVerdict: SynVerdict;
}

/** The columns of a hop that the rules decide. */
export type HopFindings = Pick<TraceHopRow, "verdict" | "mptcp" | "changes" | "unobservable" | "firstDifferenceBit">;

/**
 * What an answer shows of the probe and of the target. Throws DecodeError when the quote is no IP packet.
 */
export function hopFindings({ kind, target, responder, probe, quote, synVerdict }: HopEvidence): HopFindings {
  const difference = quote === null ? NO_QUOTE : diffQuote(probe, quote);
  const isTargets = quote === null || (kind === "unreachable" && sameAddress(responder, target));
  return { verdict: isTargets ? synVerdict : "", ...difference };
}
