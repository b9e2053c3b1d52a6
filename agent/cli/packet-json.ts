import { formatAddress } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import { decodePacket } from "../../shared/packet/decode.js";
import { icmpExtensionTexts } from "../../shared/packet/icmp-extension-text.js";
import { decodeIp, type IpHeader, PROTOCOL_TCP, u16, u32 } from "../../shared/packet/ip.js";
import { decodeTcp, flagNames, type TcpHeader } from "../../shared/packet/tcp.js";
import type { CapturedPacket } from "../../shared/pcap/captured.js";
import { type Json, optionsToJson } from "./option-json.js";

type JsonObject = { readonly [key: string]: Json };

/**
 * A captured packet for JSON: `tcp`, `icmp-error` where it quotes TCP, `malformed` where a header is not whole; null for
 * any other packet.
 */
export function packetToJson({ timestampUs, packet: bytes }: CapturedPacket): JsonObject | null {
  const timestamp = timestampUs === null ? null : timestampText(timestampUs);
  try {
    const packet = decodePacket(bytes);
    if (packet.kind === "other") return null;
    const { ip } = packet;
    if (packet.kind === "tcp") return { timestamp, type: "tcp", ...segmentToJson(ip, packet.tcp) };
    const quote = quoteToJson(packet.icmp.quote);
    if (quote === null) return null;
    const { type: icmpType, code: icmpCode } = packet.icmp;
    const icmpExtensions = icmpExtensionTexts(packet.icmp.extensions);
    return { timestamp, type: "icmp-error", ...ipToJson(ip), icmpType, icmpCode, quote, icmpExtensions };
  } catch (error) {
    if (error instanceof DecodeError) return { timestamp, type: "malformed", problem: error.message };
    throw error;
  }
}

/** RFC 3339 with microseconds; null for a time that no calendar has. */
function timestampText(timestampUs: number): string | null {
  const date = new Date(Math.floor(timestampUs / 1e6) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const fraction = String(timestampUs - date.getTime() * 1000).padStart(6, "0");
  return date.toISOString().replace(".000Z", `.${fraction}Z`);
}

function ipToJson(ip: IpHeader): JsonObject {
  return { source: formatAddress(ip.source), destination: formatAddress(ip.destination), ttl: ip.ttl };
}

/** The quoted segment; null when the quote is not of TCP. Fields that it is too short to show are null. */
function quoteToJson(quote: Uint8Array): JsonObject | null {
  let ip: IpHeader;
  try {
    ip = decodeIp(quote);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
  if (ip.protocol !== PROTOCOL_TCP || ip.fragmentOffset > 0) return null;
  const tcp = tcpBytes(ip, quote);
  const length = { quotedTcpBytes: tcp.length };
  if (tcp.length >= 20 && (tcp[12] ?? 0) >>> 4 >= 5) return { ...segmentToJson(ip, decodeTcp(tcp)), ...length };
  const shown = (end: number, value: number): number | null => (tcp.length >= end ? value : null);
  return {
    ...ipToJson(ip),
    sourcePort: shown(2, u16(tcp, 0)),
    destinationPort: shown(4, u16(tcp, 2)),
    sequence: shown(8, u32(tcp, 4)),
    acknowledgement: shown(12, u32(tcp, 8)),
    flags: tcp.length >= 14 ? flagNames(tcp[13] ?? 0) : null,
    window: shown(16, u16(tcp, 14)),
    payloadBytes: null,
    options: null,
    malformedOptions: null,
    ...length,
  };
}

function segmentToJson(ip: IpHeader, tcp: TcpHeader): JsonObject {
  return {
    ...ipToJson(ip),
    sourcePort: tcp.sourcePort,
    destinationPort: tcp.destinationPort,
    sequence: tcp.sequence,
    acknowledgement: tcp.acknowledgement,
    flags: flagNames(tcp.flags),
    window: tcp.window,
    payloadBytes: tcp.payload.length,
    ...optionsToJson(tcp.options),
  };
}

/** The quoted segment as far as it is there, without the padding of RFC 4884. */
function tcpBytes(ip: IpHeader, bytes: Uint8Array): Uint8Array {
  const end = ip.totalBytes >= ip.headerBytes + 8 ? ip.totalBytes : bytes.length;
  return bytes.subarray(ip.headerBytes, end);
}
