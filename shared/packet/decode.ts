import { decodeIcmpError, type IcmpError } from "./icmp.js";
import { decodeIp, type IpHeader, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP } from "./ip.js";
import { decodeTcp, type TcpHeader } from "./tcp.js";

/** A received packet, as far as the probes' answers need it. */
export type Packet =
  | { readonly kind: "tcp"; readonly ip: IpHeader; readonly tcp: TcpHeader }
  | { readonly kind: "icmp-error"; readonly ip: IpHeader; readonly icmp: IcmpError }
  | { readonly kind: "other"; readonly ip: IpHeader };

/**
 * Decodes an IP packet. Views in the result point into `bytes`.
 * @throws DecodeError, and nothing else, when a header is not whole
 */
export function decodePacket(bytes: Uint8Array): Packet {
  const ip = decodeIp(bytes);
  if (ip.fragmentOffset > 0) return { kind: "other", ip };
  const payload = bytes.subarray(ip.headerBytes, packetEnd(ip, bytes.length));
  if (ip.protocol === PROTOCOL_TCP) return { kind: "tcp", ip, tcp: decodeTcp(payload) };
  if (ip.protocol === (ip.family === 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6)) {
    const icmp = decodeIcmpError(payload, ip.family);
    if (icmp !== null) return { kind: "icmp-error", ip, icmp };
  }
  return { kind: "other", ip };
}

/**
 * Where the packet ends: a frame may be longer (Ethernet pads to 60 bytes) or shorter (a capture's snap length). A
 * length of 0 is a packet that the network card has still to split, captured on the machine that sends it.
 */
export function packetEnd(ip: IpHeader, available: number): number {
  const isUnset = ip.totalBytes === (ip.family === 4 ? 0 : 40);
  return isUnset ? available : Math.min(available, Math.max(ip.totalBytes, ip.headerBytes));
}
