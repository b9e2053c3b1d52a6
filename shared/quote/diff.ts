import { decodeIp, type IpHeader, PROTOCOL_TCP, u8, u16, u32 } from "../packet/ip.js";
import type { MptcpState } from "../verdict/names.js";
import { changesAtEveryHop, firstDifferenceBit } from "./first-difference.js";
import { compareOptions } from "./options.js";

/** What a quote shows of a probe. Field names are condition names without their last part. */
export interface QuoteDiff {
  /** State of option 30. */
  readonly mptcp: MptcpState;
  /** Condition names, such as `tcp.option.mptcp.removed`, sorted. */
  readonly changes: readonly string[];
  /** Fields that the quote is too short to show, sorted: neither changed nor unchanged. */
  readonly unobservable: readonly string[];
  /**
   * First bit, counted from the beginning of the IP header, in which the quote differs from the probe; null where it shows
   * none. TTL, hop limit and checksums do not count, nor does a header whose numbers a router quotes in the wrong byte
   * order.
   */
  readonly firstDifferenceBit: number | null;
}

/** Header fields of a SYN: name, last byte (exclusive) that must be quoted to see it, and its value. */
const TCP_FIELDS: readonly (readonly [string, number, (tcp: Uint8Array) => number])[] = [
  ["tcp.port.source", 2, (tcp) => u16(tcp, 0)],
  ["tcp.port.destination", 4, (tcp) => u16(tcp, 2)],
  ["tcp.seq", 8, (tcp) => u32(tcp, 4)],
  ["tcp.ack", 12, (tcp) => u32(tcp, 8)],
  ["tcp.reserved", 13, (tcp) => u8(tcp, 12) & 0x0f],
  ["tcp.flags", 14, (tcp) => u8(tcp, 13)],
  ["tcp.window", 16, (tcp) => u16(tcp, 14)],
  ["tcp.urgent", 20, (tcp) => u16(tcp, 18)],
];

/**
 * Compares a quoted packet with the probe as it was sent; both begin with their IP header.
 *
 * Every field has three states: a quote that ends before it makes it unobservable, never unmodified (RFC 792 quotes 8
 * bytes behind the IP header, RFC 1812 and RFC 4443 as much as fits). TTL and checksums change at every hop and are
 * left out, as are addresses that a translator restored in the quote. Lengths are reported only where no change of the
 * options explains them, and not where a router quotes the length in the wrong byte order.
 *
 * @throws DecodeError when the quote is no IP header
 */
export function diffQuote(sent: Uint8Array, quote: Uint8Array): QuoteDiff {
  if (isVerbatim(sent, quote)) return UNCHANGED;
  const before = decodeIp(sent);
  const after = decodeIp(quote);
  const changes: string[] = [];
  const unobservable: string[] = [];
  compareIp(before, after, changes);
  const sentTcp = sent.subarray(before.headerBytes);
  const end = quotedEnd(after, quote, sent);
  const quotedTcp = showsSegment(after) ? quote.subarray(after.headerBytes, end) : NOTHING;
  for (const [field, end, read] of TCP_FIELDS) {
    if (quotedTcp.length < end) unobservable.push(field);
    else if (read(sentTcp) !== read(quotedTcp)) changes.push(`${field}.changed`);
  }
  const mptcp = compareOptions(sentTcp, quotedTcp, changes, unobservable);
  comparePayload(sentTcp, quotedTcp, changes, unobservable);
  const shrunk = (u8(sentTcp, 12) >>> 4) * 4 - (u8(quotedTcp, 12) >>> 4) * 4;
  const explained = quotedTcp.length > 12 ? shrunk : 0;
  if (!sameLength(after.totalBytes, before.totalBytes - explained)) changes.push("ip.length.changed");
  return {
    mptcp,
    changes: changes.sort(),
    unobservable: unobservable.sort(),
    firstDifferenceBit: firstDifferenceBit(sent, inNetworkOrder(before, after, quote), end),
  };
}

const UNCHANGED: QuoteDiff = { mptcp: "unmodified", changes: [], unobservable: [], firstDifferenceBit: null };
/** What an answer that quotes nothing shows. */
export const NO_QUOTE: QuoteDiff = { mptcp: "unobservable", changes: [], unobservable: [], firstDifferenceBit: null };
const NOTHING = new Uint8Array(0);

/** By far the most frequent case, made fast: all of the probe, and nothing differs but TTL and checksums. */
function isVerbatim(sent: Uint8Array, quote: Uint8Array): boolean {
  const isIpv4 = u8(sent, 0) >>> 4 === 4;
  const tcpAt = isIpv4 ? (u8(sent, 0) & 0x0f) * 4 : 40;
  if (quote.length < sent.length || u8(sent, isIpv4 ? 9 : 6) !== PROTOCOL_TCP) return false;
  for (let i = 0; i < sent.length; i++) {
    if (sent[i] === quote[i]) continue;
    if (!changesAtEveryHop(i, isIpv4, tcpAt)) return false;
  }
  return true;
}

function showsSegment(ip: IpHeader): boolean {
  return ip.protocol === PROTOCOL_TCP && (ip.fragmentOffset === 0 || ip.fragmentOffset === SWAPPED_DF_OFFSET);
}

/** Compares as much of the payload as is quoted. The SYNs of a scan have none. */
function comparePayload(sentTcp: Uint8Array, quotedTcp: Uint8Array, changes: string[], unobservable: string[]): void {
  const sent = sentTcp.subarray((u8(sentTcp, 12) >>> 4) * 4);
  const quoted = quotedTcp.length > 12 ? quotedTcp.subarray((u8(quotedTcp, 12) >>> 4) * 4) : NOTHING;
  const common = Math.min(sent.length, quoted.length);
  if (sent.subarray(0, common).some((byte, i) => byte !== quoted[i])) changes.push("tcp.payload.changed");
  else if (common < sent.length) unobservable.push("tcp.payload");
}

/** No router quotes less of the segment (RFC 792). */
const SHORTEST_BYTES = 8;
/** Routers pad quotes to this length before they add extensions (RFC 4884 section 4). */
const PADDED_BYTES = 128;

/**
 * Where the quoted packet ends. Padding behind the packet is told by the packet's own length. A router that quotes less
 * than the packet pads that, too: zeros up to the end, where the probe has others, are padding and show nothing.
 */
function quotedEnd(ip: IpHeader, quote: Uint8Array, sent: Uint8Array): number {
  const plausible = ip.totalBytes >= ip.headerBytes + 8 && ip.totalBytes <= quote.length;
  const end = plausible ? ip.totalBytes : quote.length;
  if (quote.length < PADDED_BYTES) return end;
  const zerosFrom = Math.max(ip.headerBytes + SHORTEST_BYTES, quote.findLastIndex((byte) => byte !== 0) + 1);
  return sent.subarray(zerosFrom, end).some((byte) => byte !== 0) ? zerosFrom : end;
}

function sameLength(quoted: number, expected: number): boolean {
  return quoted === expected || swapped(quoted) === expected;
}

function swapped(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}

/** A router that quotes in its own byte order does so with all numbers of the header. */
function isSwapped(before: IpHeader, after: IpHeader): boolean {
  const { family, totalBytes } = after;
  return family === 4 && totalBytes !== before.totalBytes && swapped(totalBytes) === before.totalBytes;
}

/** The quote with its length, and what else of its header is only in the wrong byte order, the right way round. */
function inNetworkOrder(before: IpHeader, after: IpHeader, quote: Uint8Array): Uint8Array {
  if (!isSwapped(before, after) || before.family !== 4 || after.family !== 4) return quote;
  const turned = quote.slice();
  turned.subarray(2, 4).reverse();
  if (swapped(after.id) === before.id) turned.subarray(4, 6).reverse();
  if (after.fragmentOffset === SWAPPED_DF_OFFSET) turned.subarray(6, 8).reverse();
  return turned;
}

/** The don't-fragment bit, 0x4000, in the wrong byte order: a fragment offset of 0x40 units of 8 bytes. */
const SWAPPED_DF_OFFSET = 0x40 * 8;

function compareIp(before: IpHeader, after: IpHeader, changes: string[]): void {
  if (before.dscp !== after.dscp) changes.push("ip.dscp.changed");
  if (before.ecn !== after.ecn) changes.push("ip.ecn.changed");
  if (!before.destination.every((byte, i) => byte === after.destination[i])) changes.push("ip.destination.changed");
  if (!before.source.every((byte, i) => byte === after.source[i])) changes.push("ip.source.changed");
  if (before.family === 4 && after.family === 4) {
    const isTurned = isSwapped(before, after);
    const id = isTurned && swapped(after.id) === before.id ? before.id : after.id;
    if (before.id !== id) changes.push("ip.id.changed");
    const dontFragment = after.dontFragment || (isTurned && after.fragmentOffset === SWAPPED_DF_OFFSET);
    if (before.dontFragment && !dontFragment) changes.push("ip.df.cleared");
  }
  if (before.family === 6 && after.family === 6 && before.flowLabel !== after.flowLabel) {
    changes.push("ip.flowlabel.changed");
  }
}
