import { ipv4FromNumber } from "../address/address.js";
import { DecodeError } from "../errors.js";

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_ICMPV6 = 58;

interface IpFields {
  /** 16 bytes, IPv4 mapped. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL, or hop limit. */
  readonly ttl: number;
  /** Protocol of the payload, behind any IPv6 extension headers. */
  readonly protocol: number;
  /** 0 to 63 (RFC 2474). */
  readonly dscp: number;
  /** 0 to 3 (RFC 3168). */
  readonly ecn: number;
  /** Bytes of the header with its options or extension headers. */
  readonly headerBytes: number;
  /** Bytes of the whole packet, as the header says. */
  readonly totalBytes: number;
  /** Offset of a fragment in bytes; its payload has no transport header unless this is 0. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
}

/** RFC 791. */
export interface Ipv4Header extends IpFields {
  readonly family: 4;
  readonly id: number;
  readonly dontFragment: boolean;
}

/** RFC 8200. */
export interface Ipv6Header extends IpFields {
  readonly family: 6;
  readonly flowLabel: number;
}

export type IpHeader = Ipv4Header | Ipv6Header;

/**
 * Decodes an IPv4 or IPv6 header. Only the header must be whole: the payload of a quoted packet may end early.
 * @throws DecodeError when the bytes are no IP header
 */
export function decodeIp(bytes: Uint8Array): IpHeader {
  const version = (bytes[0] ?? 0) >>> 4;
  if (version === 4) return decodeIpv4(bytes);
  if (version === 6) return decodeIpv6(bytes);
  throw new DecodeError(`no IP header: version ${version}, ${bytes.length} bytes`);
}

function decodeIpv4(bytes: Uint8Array): Ipv4Header {
  const headerBytes = (u8(bytes, 0) & 0x0f) * 4;
  if (headerBytes < 20 || bytes.length < headerBytes) {
    throw new DecodeError(`IPv4 header of ${headerBytes} bytes in ${bytes.length}`);
  }
  const fragment = u16(bytes, 6);
  return {
    family: 4,
    source: ipv4FromNumber(u32(bytes, 12)),
    destination: ipv4FromNumber(u32(bytes, 16)),
    ttl: u8(bytes, 8),
    protocol: u8(bytes, 9),
    dscp: u8(bytes, 1) >>> 2,
    ecn: u8(bytes, 1) & 3,
    id: u16(bytes, 4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    headerBytes,
    totalBytes: u16(bytes, 2),
  };
}

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;

function decodeIpv6(bytes: Uint8Array): Ipv6Header {
  if (bytes.length < 40) throw new DecodeError(`IPv6 header in ${bytes.length} bytes`);
  let protocol = u8(bytes, 6);
  let headerBytes = 40;
  let fragmentOffset = 0;
  let moreFragments = false;
  // Behind a fragment header with an offset there is data, not another header.
  while (fragmentOffset === 0 && isExtension(protocol) && bytes.length >= headerBytes + 8) {
    const kind = protocol;
    if (kind === FRAGMENT) {
      fragmentOffset = u16(bytes, headerBytes + 2) & 0xfff8;
      moreFragments = (u8(bytes, headerBytes + 3) & 1) !== 0;
    }
    protocol = u8(bytes, headerBytes);
    const length = u8(bytes, headerBytes + 1);
    headerBytes += kind === FRAGMENT ? 8 : kind === AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
  }
  const first = u32(bytes, 0);
  return {
    family: 6,
    source: bytes.slice(8, 24),
    destination: bytes.slice(24, 40),
    ttl: u8(bytes, 7),
    protocol,
    dscp: (first >>> 22) & 0x3f,
    ecn: (first >>> 20) & 3,
    flowLabel: first & 0xfffff,
    fragmentOffset,
    moreFragments,
    headerBytes,
    totalBytes: u16(bytes, 4) + 40,
  };
}

function isExtension(protocol: number): boolean {
  return (
    protocol === HOP_BY_HOP ||
    protocol === ROUTING ||
    protocol === FRAGMENT ||
    protocol === AUTHENTICATION ||
    protocol === DESTINATION
  );
}

/** Byte at `at`; 0 beyond the end. The three readers are shared by the decoders of this folder. */
export function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** Big-endian 16-bit number at `at`. */
export function u16(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) << 8) | u8(bytes, at + 1);
}

/** Big-endian 32-bit number at `at`, in [0, 2^32). */
export function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}
