import { decodeTcpOptions, OPTION_EXPERIMENT, OPTION_MPTCP, timestampsOf } from "../option/tcp-options.js";
import { packetEnd } from "../packet/decode.js";
import type { IpHeader } from "../packet/ip.js";
import { u8 } from "../packet/ip.js";
import { TCP_ACK, TCP_RST, TCP_SYN, type TcpHeader } from "../packet/tcp.js";
import type { Variant } from "../probe/variant.js";
import type { SynQuestion } from "../verdict/syn-reply.js";

/** A SYN of a capture that asks what a probe asks, whichever tool sent it. */
export interface SentSyn {
  /** The packet from its IP header on: a copy. */
  readonly bytes: Uint8Array;
  readonly ip: IpHeader;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  /** What an answer to it acknowledges (RFC 9293 section 3.4). */
  readonly acknowledgedBy: number;
  /** TSval, null without timestamps. */
  readonly tsValue: number | null;
  readonly variant: Variant;
  /** The probe's side of the verdict. */
  readonly question: SynQuestion;
  /** Unix microseconds; null in a capture without times. */
  readonly sentAtUs: number | null;
}

/** True for a SYN that opens a connection. */
export function isOpening({ flags }: TcpHeader): boolean {
  return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_SYN;
}

/**
 * Reads a SYN as a probe. Null for one whose MPTCP option asks for something else than a first subflow, and for one that
 * the capture has cut off, as what was sent is not known then.
 */
export function sentSyn(packet: Uint8Array, ip: IpHeader, tcp: TcpHeader, sentAtUs: number | null): SentSyn | null {
  const question = questionOf(tcp.options);
  if (question === null || packet.length < ip.totalBytes) return null;
  return {
    bytes: packet.slice(0, packetEnd(ip, packet.length)),
    ip,
    sourcePort: tcp.sourcePort,
    destinationPort: tcp.destinationPort,
    sequence: tcp.sequence,
    acknowledgedBy: (tcp.sequence + 1 + tcp.payload.length) >>> 0,
    tsValue: timestampsOf(tcp.options)?.value ?? null,
    variant: question.variant,
    question,
    sentAtUs,
  };
}

/** RFC 6824 section 3.1, RFC 8684 section 3.1: the SYN of version 0 carries a key, that of version 1 none. */
const CAPABLE_BYTES = { v0: 12, v1: 4 } as const;

function questionOf(optionBytes: Uint8Array): SynQuestion | null {
  const { options } = decodeTcpOptions(optionBytes);
  const mptcp = options.find(({ kind }) => kind === OPTION_MPTCP)?.bytes;
  if (mptcp === undefined) {
    const isUnknown = options.some(({ kind }) => kind === OPTION_EXPERIMENT);
    return { variant: isUnknown ? "unknown-option" : "plain", sentKey: () => 0n, sentFlags: 0 };
  }
  // Subtype 0 in the upper half, the version in the lower.
  const variant = (["v0", "v1"] as const)[u8(mptcp, 2)];
  if (variant === undefined || mptcp.length !== CAPABLE_BYTES[variant]) return null;
  const key = variant === "v0" ? new DataView(mptcp.slice().buffer).getBigUint64(4) : 0n;
  return { variant, sentKey: () => key, sentFlags: u8(mptcp, 3) };
}
