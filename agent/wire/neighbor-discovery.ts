import { sameAddress } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import { encodeIpPacket } from "../../shared/packet/encode.js";
import { decodeIp, PROTOCOL_ICMPV6, u8, u16 } from "../../shared/packet/ip.js";
import { verifyChecksums } from "../../shared/packet/verify.js";
import { put16 } from "../../shared/packet/write.js";
import type { NeighborQuestion } from "./arp.js";
import { ETHERNET_HEADER_BYTES, ETHERTYPE_IPV6 } from "./ethernet.js";

/** Neighbour discovery for IPv6 (RFC 4861 sections 4.3, 4.4, 7.1.2). */
const SOLICITATION = 135;
export const NEIGHBOR_ADVERTISEMENT = 136;
/** A router never forwards a packet into this hop limit: it comes from the link itself. */
const HOP_LIMIT = 255;
const MESSAGE_BYTES = 24;
const SOURCE_MAC_OPTION = 1;
const TARGET_MAC_OPTION = 2;
const OPTION_UNIT_BYTES = 8;

/** A whole frame that asks those on the link whose addresses end as the neighbour's does (RFC 4291 section 2.7.1). */
export function neighborSolicitation({ ownMac, own, neighbor }: NeighborQuestion): Uint8Array {
  const message = new Uint8Array(MESSAGE_BYTES + OPTION_UNIT_BYTES);
  message[0] = SOLICITATION;
  message.set(neighbor, 8);
  message.set([SOURCE_MAC_OPTION, 1], MESSAGE_BYTES);
  message.set(ownMac, MESSAGE_BYTES + 2);
  const destination = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...neighbor.subarray(13));
  const packet = encodeIpPacket({ source: own, destination, ttl: HOP_LIMIT }, PROTOCOL_ICMPV6, message, 2);
  const frame = new Uint8Array(ETHERNET_HEADER_BYTES + packet.length);
  // Multicast over Ethernet (RFC 2464 section 7)
  frame.set([0x33, 0x33, ...destination.subarray(12)]);
  frame.set(ownMac, 6);
  put16(frame, 12, ETHERTYPE_IPV6);
  frame.set(packet, ETHERNET_HEADER_BYTES);
  return frame;
}

/** The MAC address that a frame gives for the neighbour; null when it is no valid advertisement of the neighbour's. */
export function macInAdvertisement(frame: Uint8Array, neighbor: Uint8Array): Uint8Array | null {
  if (u16(frame, 12) !== ETHERTYPE_IPV6) return null;
  const packet = frame.subarray(ETHERNET_HEADER_BYTES);
  try {
    const ip = decodeIp(packet);
    if (ip.protocol !== PROTOCOL_ICMPV6 || ip.ttl !== HOP_LIMIT || verifyChecksums(packet).transport !== true)
      return null;
    return macInMessage(packet.subarray(ip.headerBytes, ip.totalBytes), neighbor);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function macInMessage(message: Uint8Array, neighbor: Uint8Array): Uint8Array | null {
  if (message.length < MESSAGE_BYTES || u8(message, 0) !== NEIGHBOR_ADVERTISEMENT || u8(message, 1) !== 0) return null;
  if (!sameAddress(message.subarray(8, MESSAGE_BYTES), neighbor)) return null;
  let mac: Uint8Array | null = null;
  for (let at = MESSAGE_BYTES; at < message.length; ) {
    const bytes = u8(message, at + 1) * OPTION_UNIT_BYTES;
    if (bytes === 0 || at + bytes > message.length) return null;
    if (u8(message, at) === TARGET_MAC_OPTION) mac ??= message.slice(at + 2, at + 8);
    at += bytes;
  }
  return mac;
}
