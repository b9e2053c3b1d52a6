import { fold16, pseudoHeaderSum, sum16 } from "../packet/checksum.js";
import { type IpHeader, PROTOCOL_ICMP, u8 } from "../packet/ip.js";
import { put16 } from "../packet/write.js";

/** Longest option list a TCP header has room for. */
export const MAX_OPTION_BYTES = 40;
const TCP_HEADER_BYTES = 20;

/** The same TCP packet with another option list (padded with end-of-list), its lengths and checksums made right. */
export function withOptions(packet: Uint8Array, ip: IpHeader, options: Uint8Array): Uint8Array {
  const tcpAt = ip.headerBytes;
  const payloadAt = tcpAt + (u8(packet, tcpAt + 12) >>> 4) * 4;
  const end = Math.min(packet.length, ip.totalBytes);
  const optionBytes = Math.ceil(options.length / 4) * 4;
  const out = new Uint8Array(tcpAt + TCP_HEADER_BYTES + optionBytes + end - payloadAt);
  out.set(packet.subarray(0, tcpAt + TCP_HEADER_BYTES));
  out.set(options, tcpAt + TCP_HEADER_BYTES);
  out.set(packet.subarray(payloadAt, end), tcpAt + TCP_HEADER_BYTES + optionBytes);
  out[tcpAt + 12] = (((TCP_HEADER_BYTES + optionBytes) / 4) << 4) | (u8(packet, tcpAt + 12) & 0x0f);
  setLength(out, ip);
  setChecksum(out, ip, tcpAt + 16);
  return out;
}

/** A copy of a TCP packet, changed by `change` in its headers but not in length, its checksums made right. */
export function edited(packet: Uint8Array, ip: IpHeader, change: (copy: Uint8Array) => void): Uint8Array {
  const out = packet.slice(0, Math.min(packet.length, ip.totalBytes));
  change(out);
  setLength(out, ip);
  setChecksum(out, ip, ip.headerBytes + 16);
  return out;
}

/** Writes the packet's length into its IP header, and that header's checksum. */
export function setLength(packet: Uint8Array, ip: IpHeader): void {
  const [at, length] = ip.family === 4 ? [2, packet.length] : [4, packet.length - 40];
  put16(packet, at, length);
  if (ip.family === 6) return;
  put16(packet, 10, 0);
  put16(packet, 10, fold16(sum16(packet, 0, ip.headerBytes)));
}

/** Writes the transport checksum at `at`, with the pseudo header (RFC 9293, RFC 8200) where its protocol has one. */
export function setChecksum(packet: Uint8Array, ip: IpHeader, at: number): void {
  put16(packet, at, 0);
  const pseudo =
    ip.protocol === PROTOCOL_ICMP ? 0 : pseudoHeaderSum(packet, ip.protocol, packet.length - ip.headerBytes);
  put16(packet, at, fold16(sum16(packet, ip.headerBytes, packet.length, pseudo)));
}
