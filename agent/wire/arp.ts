import { u16 } from "../../shared/packet/ip.js";
import { put16 } from "../../shared/packet/write.js";
import { ETHERNET_HEADER_BYTES, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from "./ethernet.js";

const REQUEST = 1;
const REPLY = 2;
const PACKET_BYTES = 28;
// Offsets of the sender's and the target's addresses behind the Ethernet header
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_IP = 24;

export interface NeighborQuestion {
  readonly ownMac: Uint8Array;
  /** Who asks, and for whom; 16 bytes each. */
  readonly own: Uint8Array;
  readonly neighbor: Uint8Array;
}

/** A whole frame that asks everybody on the link. */
export function arpRequest({ ownMac, own, neighbor }: NeighborQuestion): Uint8Array {
  const frame = new Uint8Array(ETHERNET_HEADER_BYTES + PACKET_BYTES);
  frame.fill(0xff, 0, 6);
  frame.set(ownMac, 6);
  put16(frame, 12, ETHERTYPE_ARP);
  const packet = frame.subarray(ETHERNET_HEADER_BYTES);
  // Ethernet, IPv4, and the length of an address of each
  packet.set([0, 1, 8, 0, 6, 4]);
  put16(packet, 6, REQUEST);
  packet.set(ownMac, SENDER_MAC);
  packet.set(own.subarray(12), SENDER_IP);
  packet.set(neighbor.subarray(12), TARGET_IP);
  return frame;
}

/** The MAC address that a frame gives for the neighbour; null when it is no reply of the neighbour's. */
export function macInArpReply(frame: Uint8Array, neighbor: Uint8Array): Uint8Array | null {
  const packet = frame.subarray(ETHERNET_HEADER_BYTES, ETHERNET_HEADER_BYTES + PACKET_BYTES);
  if (u16(frame, 12) !== ETHERTYPE_ARP || packet.length < PACKET_BYTES) return null;
  if (u16(packet, 0) !== 1 || u16(packet, 2) !== ETHERTYPE_IPV4 || u16(packet, 4) !== 0x0604) return null;
  if (u16(packet, 6) !== REPLY || !neighbor.subarray(12).every((byte, i) => packet[SENDER_IP + i] === byte))
    return null;
  return packet.slice(SENDER_MAC, SENDER_MAC + 6);
}
