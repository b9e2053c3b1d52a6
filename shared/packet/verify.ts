import { fold16, pseudoHeaderSum, sum16 } from "./checksum.js";
import { packetEnd } from "./decode.js";
import { decodeIp, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP } from "./ip.js";

/** Whether a packet's checksums are right; null where there is none, or the packet is not whole. */
export interface ChecksumReport {
  /** Of the IPv4 header; IPv6 has none. */
  readonly ip: boolean | null;
  /** Of TCP, ICMP or ICMPv6. A sender's own capture shows unfinished ones, which its network card completes. */
  readonly transport: boolean | null;
}

/**
 * Verifies the checksums of an IP packet.
 * @throws DecodeError when the IP header is not whole
 */
export function verifyChecksums(bytes: Uint8Array): ChecksumReport {
  const ip = decodeIp(bytes);
  const end = packetEnd(ip, bytes.length);
  const isWhole = ip.totalBytes <= bytes.length && !ip.moreFragments && ip.fragmentOffset === 0;
  return {
    ip: ip.family === 4 ? fold16(sum16(bytes, 0, ip.headerBytes)) === 0 : null,
    transport: isWhole ? transportIsRight(bytes, ip.headerBytes, end, ip.protocol) : null,
  };
}

function transportIsRight(bytes: Uint8Array, start: number, end: number, protocol: number): boolean | null {
  switch (protocol) {
    case PROTOCOL_ICMP:
      return fold16(sum16(bytes, start, end)) === 0;
    case PROTOCOL_TCP:
    case PROTOCOL_ICMPV6:
      return fold16(sum16(bytes, start, end, pseudoHeaderSum(bytes, protocol, end - start))) === 0;
    default:
      return null;
  }
}
