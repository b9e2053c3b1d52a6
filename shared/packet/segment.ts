import type { IpHeader } from "./ip.js";
import { PROTOCOL_TCP } from "./ip.js";
import type { TcpHeader } from "./tcp.js";

/**
 * A TCP segment with the head of its packet, in an object that is filled again for every packet: the way of the receive
 * loop, where `decodePacket` would make ten objects for each.
 */
export interface Segment {
  /** Source address, 16 bytes, IPv4 mapped. */
  readonly source: Uint8Array;
  ttl: number;
  sourcePort: number;
  destinationPort: number;
  /** Unsigned 32 bits. */
  acknowledgement: number;
  flags: number;
  window: number;
  /** The TCP options are in these bytes, from `optionsAt` to `optionsEnd`. */
  bytes: Uint8Array;
  optionsAt: number;
  optionsEnd: number;
}

export function createSegment(): Segment {
  return {
    source: new Uint8Array(16),
    ttl: 0,
    sourcePort: 0,
    destinationPort: 0,
    acknowledgement: 0,
    flags: 0,
    window: 0,
    bytes: new Uint8Array(0),
    optionsAt: 0,
    optionsEnd: 0,
  };
}

/**
 * Reads a packet that is nothing but an IP header and a whole TCP header. False for any other: another protocol, a
 * fragment, extension headers, a header that is cut off or impossible. Those are for `decodePacket`.
 */
export function readSegment(bytes: Uint8Array, into: Segment): boolean {
  const version = (bytes[0] as number) >>> 4;
  const isIpv4 = version === 4;
  const headerBytes = isIpv4 ? ((bytes[0] as number) & 0x0f) * 4 : 40;
  if ((!isIpv4 && version !== 6) || headerBytes < 20 || bytes.length < headerBytes + 20) return false;
  if (bytes[isIpv4 ? 9 : 6] !== PROTOCOL_TCP) return false;
  // Neither a later fragment nor one that more follow.
  if (isIpv4 && (((bytes[6] as number) & 0x3f) !== 0 || bytes[7] !== 0)) return false;
  const optionsEnd = headerBytes + ((bytes[headerBytes + 12] as number) >>> 4) * 4;
  // Behind the packet there may be what the link filled its frame up with.
  const end = Math.min(bytes.length, isIpv4 ? half(bytes, 2) : 40 + half(bytes, 4));
  if (optionsEnd < headerBytes + 20 || optionsEnd > end) return false;

  copyAddress(bytes, isIpv4 ? 12 : 8, isIpv4, into.source);
  into.ttl = bytes[isIpv4 ? 8 : 7] as number;
  into.sourcePort = half(bytes, headerBytes);
  into.destinationPort = half(bytes, headerBytes + 2);
  into.acknowledgement = ((half(bytes, headerBytes + 8) << 16) | half(bytes, headerBytes + 10)) >>> 0;
  into.flags = bytes[headerBytes + 13] as number;
  into.window = half(bytes, headerBytes + 14);
  into.bytes = bytes;
  into.optionsAt = headerBytes + 20;
  into.optionsEnd = optionsEnd;
  return true;
}

/** Copies the address at `at` of a packet: 16 bytes, IPv4 mapped. */
export function copyAddress(bytes: Uint8Array, at: number, isIpv4: boolean, into: Uint8Array): void {
  if (isIpv4) {
    for (let i = 0; i < 10; i++) into[i] = 0;
    into[10] = 0xff;
    into[11] = 0xff;
    for (let i = 0; i < 4; i++) into[12 + i] = bytes[at + i] as number;
  } else {
    for (let i = 0; i < 16; i++) into[i] = bytes[at + i] as number;
  }
}

/** The same from what `decodePacket` made. */
export function segmentOf(ip: IpHeader, tcp: TcpHeader, into: Segment): Segment {
  into.source.set(ip.source);
  into.ttl = ip.ttl;
  into.sourcePort = tcp.sourcePort;
  into.destinationPort = tcp.destinationPort;
  into.acknowledgement = tcp.acknowledgement;
  into.flags = tcp.flags;
  into.window = tcp.window;
  into.bytes = tcp.options;
  into.optionsAt = 0;
  into.optionsEnd = tcp.options.length;
  return into;
}

/** Big-endian 16-bit number at `at`, which is inside the packet. */
export function half(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
