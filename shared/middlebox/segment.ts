import { decodeTcpOptions, OPTION_MPTCP, type TcpOption } from "../option/tcp-options.js";
import { decodePacket } from "../packet/decode.js";
import type { IpHeader } from "../packet/ip.js";
import { TCP_ACK, TCP_RST, TCP_SYN, type TcpHeader } from "../packet/tcp.js";
import type { Direction } from "./rule.js";

/** A TCP packet as a box looks at it. */
export interface Segment {
  readonly ip: IpHeader;
  readonly tcp: TcpHeader;
  readonly options: readonly TcpOption[];
  readonly direction: Direction;
}

/** The TCP segment in a packet, or null. Throws DecodeError for what is no whole packet. */
export function segmentOf(packet: Uint8Array, direction: Direction): Segment | null {
  const decoded = decodePacket(packet);
  if (decoded.kind !== "tcp") return null;
  const { ip, tcp } = decoded;
  return { ip, tcp, options: decodeTcpOptions(tcp.options).options, direction };
}

export type SegmentKind = "syn" | "syn-ack" | "reset" | "pure-ack" | "data";

export function segmentKind({ flags, payload }: TcpHeader): SegmentKind {
  if ((flags & TCP_RST) !== 0) return "reset";
  if ((flags & TCP_SYN) !== 0) return (flags & TCP_ACK) === 0 ? "syn" : "syn-ack";
  return payload.length === 0 ? "pure-ack" : "data";
}

/** Port of the server's side. */
export function serverPort({ tcp, direction }: Segment): number {
  return direction === "forth" ? tcp.destinationPort : tcp.sourcePort;
}

/** Both ends of a flow, the same for both directions. */
export function flowOf({ ip, tcp, direction }: Segment): string {
  const source = `${latin1(ip.source)}${tcp.sourcePort}`;
  const destination = `${latin1(ip.destination)}${tcp.destinationPort}`;
  return direction === "forth" ? `${source} ${destination}` : `${destination} ${source}`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Subtype of an MPTCP option (RFC 8684 section 7.2), or null for another option. */
export function mptcpSubtype({ kind, bytes }: TcpOption): number | null {
  return kind === OPTION_MPTCP ? (bytes[2] ?? 0) >>> 4 : null;
}
