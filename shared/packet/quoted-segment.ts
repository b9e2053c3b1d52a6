import { ICMP_TIME_EXCEEDED, ICMPV6_TIME_EXCEEDED } from "./icmp.js";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP } from "./ip.js";
import { copyAddress, half } from "./segment.js";

/**
 * A TCP segment that a router quotes because its TTL ran out, in an object that is filled again for every packet: the way
 * of the receive loop, as `Segment` is for answers without a quote.
 */
export interface QuotedSegment {
  family: 4 | 6;
  /** Who sent the ICMP error, 16 bytes, IPv4 mapped, and what was left of its TTL. */
  readonly router: Uint8Array;
  replyTtl: number;
  icmpType: number;
  icmpCode: number;
  /** Where the quoted packet was going. */
  readonly destination: Uint8Array;
  sourcePort: number;
  destinationPort: number;
  /** IPv4 identification; 0 for IPv6. */
  id: number;
  /** The quote is in these bytes, from `quoteAt` to `quoteEnd`. */
  bytes: Uint8Array;
  quoteAt: number;
  quoteEnd: number;
}

export function createQuotedSegment(): QuotedSegment {
  return {
    family: 4,
    router: new Uint8Array(16),
    replyTtl: 0,
    icmpType: 0,
    icmpCode: 0,
    destination: new Uint8Array(16),
    sourcePort: 0,
    destinationPort: 0,
    id: 0,
    bytes: new Uint8Array(0),
    quoteAt: 0,
    quoteEnd: 0,
  };
}

const ICMP_HEADER_BYTES = 8;
/** From here on there may be extensions behind the quote (RFC 4884 section 5). */
const PADDED_QUOTE_BYTES = 128;

/**
 * Reads an ICMP time exceeded that quotes a plain IP header and at least the TCP ports, and has no extensions. False for
 * anything else (other messages, fragments, IP options and extension headers, quotes of 128 bytes and more), which is
 * for `decodePacket`. Nothing in the quote has been compared with anything.
 */
export function readQuotedSegment(bytes: Uint8Array, into: QuotedSegment): boolean {
  const version = (bytes[0] as number) >>> 4;
  const isIpv4 = version === 4;
  const headerBytes = isIpv4 ? ((bytes[0] as number) & 0x0f) * 4 : 40;
  if ((!isIpv4 && version !== 6) || headerBytes < 20) return false;
  const quoteAt = headerBytes + ICMP_HEADER_BYTES;
  const tcpAt = quoteAt + (isIpv4 ? 20 : 40);
  const end = Math.min(bytes.length, isIpv4 ? half(bytes, 2) : 40 + half(bytes, 4));
  if (end < tcpAt + 8 || end >= quoteAt + PADDED_QUOTE_BYTES) return false;
  const type = bytes[headerBytes] as number;
  if (isIpv4) {
    if (bytes[9] !== PROTOCOL_ICMP || type !== ICMP_TIME_EXCEEDED) return false;
    if (((bytes[6] as number) & 0x3f) !== 0 || bytes[7] !== 0) return false;
    // A length field, a quoted header with options, another protocol, a fragment.
    if (bytes[headerBytes + 5] !== 0 || bytes[quoteAt] !== 0x45 || bytes[quoteAt + 9] !== PROTOCOL_TCP) return false;
    if (((bytes[quoteAt + 6] as number) & 0x3f) !== 0 || bytes[quoteAt + 7] !== 0) return false;
  } else {
    if (bytes[6] !== PROTOCOL_ICMPV6 || type !== ICMPV6_TIME_EXCEEDED || bytes[headerBytes + 4] !== 0) return false;
    if ((bytes[quoteAt] as number) >>> 4 !== 6 || bytes[quoteAt + 6] !== PROTOCOL_TCP) return false;
  }
  into.family = isIpv4 ? 4 : 6;
  copyAddress(bytes, isIpv4 ? 12 : 8, isIpv4, into.router);
  into.replyTtl = bytes[isIpv4 ? 8 : 7] as number;
  into.icmpType = type;
  into.icmpCode = bytes[headerBytes + 1] as number;
  copyAddress(bytes, quoteAt + (isIpv4 ? 16 : 24), isIpv4, into.destination);
  into.sourcePort = half(bytes, tcpAt);
  into.destinationPort = half(bytes, tcpAt + 2);
  into.id = isIpv4 ? half(bytes, quoteAt + 4) : 0;
  into.bytes = bytes;
  into.quoteAt = quoteAt;
  into.quoteEnd = end;
  return true;
}
