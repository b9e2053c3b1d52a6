import { addressFamily } from "../address/address.js";
import { fold16, pseudoHeaderSum, sum16 } from "./checksum.js";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP } from "./ip.js";
import { put16, put32 } from "./write.js";

/** Fields of an IP header to write; what is left out is 0, but TTL is 64 and the don't-fragment bit is set. */
export interface IpToEncode {
  /** 16 bytes, IPv4 mapped; the destination is of the same family. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL, or hop limit. */
  readonly ttl?: number;
  readonly dscp?: number;
  readonly ecn?: number;
  /** IPv4 only. */
  readonly id?: number;
  readonly dontFragment?: boolean;
  /** IPv6 only. */
  readonly flowLabel?: number;
}

/** Fields of a TCP segment to write; what is left out is 0 or empty. */
export interface TcpToEncode {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement?: number;
  readonly flags: number;
  readonly reserved?: number;
  readonly window?: number;
  readonly urgent?: number;
  /** Raw bytes, a multiple of 4 and at most 40: see `encodeTcpOptions`. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

/** An ICMP or ICMPv6 error to write. */
export interface IcmpErrorToEncode {
  readonly type: number;
  readonly code: number;
  readonly quote: Uint8Array;
  /**
   * RFC 4884 extension structure: the quote is then zero-padded to at least 128 bytes and to whole words, and the
   * length field says how long it is.
   */
  readonly extensions?: Uint8Array;
  /** Quotes exactly 128 bytes and leaves the length field 0, as routers before RFC 4884 do (section 5). */
  readonly omitsLength?: boolean;
}

const SMALLEST_PADDED_QUOTE = 128;

/** A whole IP packet with one TCP segment and both checksums right (RFC 791, RFC 8200, RFC 9293). */
export function encodeTcpPacket(ip: IpToEncode, tcp: TcpToEncode): Uint8Array {
  const options = tcp.options ?? new Uint8Array(0);
  const payload = tcp.payload ?? new Uint8Array(0);
  if (options.length % 4 !== 0 || options.length > 40) {
    throw new RangeError(`${options.length} bytes of TCP options: not a multiple of 4 up to 40`);
  }
  const segment = new Uint8Array(20 + options.length + payload.length);
  put16(segment, 0, tcp.sourcePort);
  put16(segment, 2, tcp.destinationPort);
  put32(segment, 4, tcp.sequence);
  put32(segment, 8, tcp.acknowledgement ?? 0);
  segment[12] = ((20 + options.length) << 2) | (tcp.reserved ?? 0);
  segment[13] = tcp.flags;
  put16(segment, 14, tcp.window ?? 0);
  put16(segment, 18, tcp.urgent ?? 0);
  segment.set(options, 20);
  segment.set(payload, 20 + options.length);
  return encodeIpPacket(ip, PROTOCOL_TCP, segment, 16);
}

/** A whole IP packet with one ICMP or ICMPv6 error and its checksums right (RFC 792, RFC 4443, RFC 4884). */
export function encodeIcmpErrorPacket(ip: IpToEncode, icmp: IcmpErrorToEncode): Uint8Array {
  const isIpv4 = addressFamily(ip.source) === 4;
  const { extensions, omitsLength = false } = icmp;
  const quote = omitsLength ? icmp.quote.subarray(0, SMALLEST_PADDED_QUOTE) : icmp.quote;
  const wordBytes = isIpv4 ? 4 : 8;
  const words = Math.ceil(Math.max(quote.length, SMALLEST_PADDED_QUOTE) / wordBytes);
  const quoteBytes = extensions === undefined ? quote.length : words * wordBytes;
  const message = new Uint8Array(8 + quoteBytes + (extensions?.length ?? 0));
  message[0] = icmp.type;
  message[1] = icmp.code;
  if (extensions !== undefined && !omitsLength) message[isIpv4 ? 5 : 4] = words;
  message.set(quote, 8);
  message.set(extensions ?? [], 8 + quoteBytes);
  return encodeIpPacket(ip, isIpv4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6, message, 2);
}

/** Puts an IP header in front of `transport` and fills in its checksum, which lies at `checksumAt` and is 0. */
export function encodeIpPacket(
  ip: IpToEncode,
  protocol: number,
  transport: Uint8Array,
  checksumAt: number,
): Uint8Array {
  const isIpv4 = addressFamily(ip.source) === 4;
  const headerBytes = isIpv4 ? 20 : 40;
  const packet = new Uint8Array(headerBytes + transport.length);
  if (isIpv4) putIpv4Header(packet, ip, protocol);
  else putIpv6Header(packet, ip, protocol);
  packet.set(transport, headerBytes);
  const pseudo = protocol === PROTOCOL_ICMP ? 0 : pseudoHeaderSum(packet, protocol, transport.length);
  put16(packet, headerBytes + checksumAt, fold16(sum16(packet, headerBytes, packet.length, pseudo)));
  return packet;
}

function putIpv4Header(packet: Uint8Array, ip: IpToEncode, protocol: number): void {
  packet[0] = 0x45;
  packet[1] = trafficClass(ip);
  put16(packet, 2, packet.length);
  put16(packet, 4, ip.id ?? 0);
  put16(packet, 6, (ip.dontFragment ?? true) ? 0x4000 : 0);
  packet[8] = ip.ttl ?? 64;
  packet[9] = protocol;
  packet.set(ip.source.subarray(12), 12);
  packet.set(ip.destination.subarray(12), 16);
  put16(packet, 10, fold16(sum16(packet, 0, 20)));
}

function putIpv6Header(packet: Uint8Array, ip: IpToEncode, protocol: number): void {
  put32(packet, 0, (6 << 28) | (trafficClass(ip) << 20) | (ip.flowLabel ?? 0));
  put16(packet, 4, packet.length - 40);
  packet[6] = protocol;
  packet[7] = ip.ttl ?? 64;
  packet.set(ip.source, 8);
  packet.set(ip.destination, 24);
}

function trafficClass(ip: IpToEncode): number {
  return ((ip.dscp ?? 0) << 2) | (ip.ecn ?? 0);
}
