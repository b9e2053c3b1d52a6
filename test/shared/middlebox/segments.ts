/** Packets for boxes, byte by byte (RFC 791, 8200, 9293), with checksums that are counted apart from the project's own. */
import { parseAddress } from "../../../shared/address/address.js";
import type { Aside } from "../../../shared/middlebox/rule.js";
import { decodeTcpOptions } from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";

export const SYN = 0x02;
export const SYN_ACK = 0x12;
export const ACK = 0x10;
export const V0 = [30, 12, 0x00, 0x81, 1, 2, 3, 4, 5, 6, 7, 8];
export const V1 = [30, 4, 0x01, 0x01];
export const MSS = [2, 4, 0x05, 0xb4];
export const UNKNOWN = [253, 4, 0x50, 0x58];

/** Ones' complement sum as RFC 1071 writes it. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum >>> 16) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function ipPacket(
  family: 4 | 6,
  protocol: number,
  source: readonly number[],
  destination: readonly number[],
  bytes: readonly number[],
): Uint8Array {
  const length = bytes.length;
  if (family === 6) {
    const head = [0x60, 0, 0, 0, length >> 8, length & 255, protocol, 64];
    return Uint8Array.from([...head, ...source, ...destination, ...bytes]);
  }
  const total = length + 20;
  const head = [0x45, 0, total >> 8, total & 255, 0, 1, 0x40, 0, 64, protocol, 0, 0, ...source, ...destination];
  const sum = checksum(head);
  return Uint8Array.from([...head.slice(0, 10), sum >> 8, sum & 255, ...head.slice(12), ...bytes]);
}

/** The bytes of an address as an IP header has them. */
function tail(family: 4 | 6, address: string): number[] {
  return [...parseAddress(address).subarray(family === 4 ? 12 : 0)];
}

function ends(family: 4 | 6): readonly [near: number[], far: number[]] {
  return family === 4
    ? [tail(4, "192.0.2.9"), tail(4, "198.19.1.10")]
    : [tail(6, "2001:2:0:9::1"), tail(6, "2001:db8:1::10")];
}

export interface SegmentOptions {
  readonly options?: readonly number[];
  readonly payload?: readonly number[];
  readonly back?: boolean;
}

/** From port 61440 of the near end, sequence number 7, to port 80 of the far one; `back` is the answer to it. */
export function segment(family: 4 | 6, flags: number, more: SegmentOptions = {}): Uint8Array {
  const { options = [], payload = [], back = false } = more;
  const [near, far] = ends(family);
  const [from, to] = back ? [far, near] : [near, far];
  const ports = back ? [0, 80, 0xf0, 0] : [0xf0, 0, 0, 80];
  const numbers = back ? [9, 9, 9, 9, 0, 0, 0, 8] : [0, 0, 0, 7, 0, 0, 0, 0];
  const offset = (5 + options.length / 4) << 4;
  const head = [...ports, ...numbers, offset, flags, 0xfa, 0xf0, 0, 0, 0, 0, ...options, ...payload];
  const padded = head.length % 2 === 0 ? head : [...head, 0];
  const sum = checksum([...from, ...to, 0, 6, 0, head.length, ...padded]);
  head[16] = sum >> 8;
  head[17] = sum & 255;
  return ipPacket(family, 6, from, to, head);
}

/** An ICMP error from a router to the near end. */
export function icmp(family: 4 | 6, from: string, quote: Uint8Array): Uint8Array {
  const [source, [destination]] = [tail(family, from), ends(family)];
  const message = [family === 4 ? 11 : 3, 0, 0, 0, 0, 0, 0, 0, ...quote];
  const pseudo = family === 4 ? [] : [...source, ...destination, 0, 58, 0, message.length];
  const sum = checksum([...pseudo, ...message]);
  message[2] = sum >> 8;
  message[3] = sum & 255;
  return ipPacket(family, family === 4 ? 1 : 58, source, destination, message);
}

/** True when the length and the checksums of the IP header and the transport are right, counted anew. */
export function sound(packet: Uint8Array | null | undefined): boolean {
  if (!packet) return false;
  const bytes = [...packet];
  const four = (bytes[0] ?? 0) >> 4 === 4;
  const head = four ? 20 : 40;
  const total = four ? ((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0) : ((bytes[4] ?? 0) << 8) + (bytes[5] ?? 0) + 40;
  const protocol = bytes[four ? 9 : 6] ?? 0;
  const payload = bytes.slice(head);
  const even = payload.length % 2 === 0 ? payload : [...payload, 0];
  const pseudo = protocol === 1 ? [] : [...bytes.slice(four ? 12 : 8, head), 0, protocol, 0, payload.length];
  return (
    total === bytes.length && (!four || checksum(bytes.slice(0, 20)) === 0) && checksum([...pseudo, ...even]) === 0
  );
}

/** Options of a TCP packet, padding left out. */
export function optionsOf(packet: Uint8Array | null | undefined): number[][] {
  const decoded = packet ? decodePacket(packet) : null;
  if (decoded?.kind !== "tcp") throw new Error("no TCP packet");
  return decodeTcpOptions(decoded.tcp.options)
    .options.filter(({ kind }) => kind > 1)
    .map(({ bytes }) => [...bytes]);
}

/** An `Aside` that keeps what it is given. */
export function collect(): Aside & { readonly wentBack: Uint8Array[]; readonly wentOn: Uint8Array[] } {
  const [wentBack, wentOn]: [Uint8Array[], Uint8Array[]] = [[], []];
  return { wentBack, wentOn, back: (packet) => wentBack.push(packet), on: (packet) => wentOn.push(packet) };
}
