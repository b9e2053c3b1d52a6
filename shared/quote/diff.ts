import { optionName } from "../option/names.js";
import { decodeTcpOptions, OPTION_END, OPTION_MPTCP, OPTION_NOP, type TcpOption } from "../option/tcp-options.js";
import { decodeIp, type IpHeader, u8, u16, u32 } from "../packet/ip.js";
import type { MptcpState } from "../verdict/names.js";

/** What a quote shows of a probe. Field names are condition names without their last part. */
export interface QuoteDiff {
  /** State of option 30. */
  readonly mptcp: MptcpState;
  /** Condition names, such as `tcp.option.mptcp.removed`, sorted. */
  readonly changes: readonly string[];
  /** Fields that the quote is too short to show, sorted: neither changed nor unchanged. */
  readonly unobservable: readonly string[];
}

const TCP_HEADER_BYTES = 20;

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
  const before = decodeIp(sent);
  const after = decodeIp(quote);
  const changes: string[] = [];
  const unobservable: string[] = [];
  compareIp(before, after, changes);
  const sentTcp = sent.subarray(before.headerBytes);
  const quotedTcp = quote.subarray(after.headerBytes, quotedEnd(after, quote, sent));
  for (const [field, end, read] of TCP_FIELDS) {
    if (quotedTcp.length < end) unobservable.push(field);
    else if (read(sentTcp) !== read(quotedTcp)) changes.push(`${field}.changed`);
  }
  const mptcp = compareOptions(sentTcp, quotedTcp, changes, unobservable);
  const shrunk = (u8(sentTcp, 12) >>> 4) * 4 - (u8(quotedTcp, 12) >>> 4) * 4;
  const explained = quotedTcp.length > 12 ? shrunk : 0;
  if (!sameLength(after.totalBytes, before.totalBytes - explained)) changes.push("ip.length.changed");
  return { mptcp, changes: changes.sort(), unobservable: unobservable.sort() };
}

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
  const zerosFrom = Math.max(ip.headerBytes, quote.findLastIndex((byte) => byte !== 0) + 1);
  return sent.subarray(zerosFrom, end).some((byte) => byte !== 0) ? zerosFrom : end;
}

function sameLength(quoted: number, expected: number): boolean {
  const swapped = ((quoted & 0xff) << 8) | (quoted >>> 8);
  return quoted === expected || swapped === expected;
}

function compareIp(before: IpHeader, after: IpHeader, changes: string[]): void {
  if (before.dscp !== after.dscp) changes.push("ip.dscp.changed");
  if (before.ecn !== after.ecn) changes.push("ip.ecn.changed");
  if (!before.destination.every((byte, i) => byte === after.destination[i])) changes.push("ip.destination.changed");
  if (!before.source.every((byte, i) => byte === after.source[i])) changes.push("ip.source.changed");
  if (before.family === 4 && after.family === 4) {
    if (before.id !== after.id) changes.push("ip.id.changed");
    if (before.dontFragment && !after.dontFragment) changes.push("ip.df.cleared");
  }
  if (before.family === 6 && after.family === 6 && before.flowLabel !== after.flowLabel) {
    changes.push("ip.flowlabel.changed");
  }
}

/**
 * Compares the options. Two things can become of one that is gone: its bytes were cut out (the header shrinks) or
 * overwritten with NOPs (the header keeps its length).
 */
function compareOptions(
  sentTcp: Uint8Array,
  quotedTcp: Uint8Array,
  changes: string[],
  unobservable: string[],
): MptcpState {
  const sent = meaningful(optionBytes(sentTcp));
  const names = new Set([...sent.map(nameOf), "tcp.option.mptcp"]);
  const quotedOptions = optionBytes(quotedTcp);
  if (quotedTcp.length < TCP_HEADER_BYTES) {
    unobservable.push(...names);
    return "unobservable";
  }
  const complete = quotedTcp.length >= (u8(quotedTcp, 12) >>> 4) * 4;
  const quoted = meaningful(quotedOptions);
  const filled = u8(quotedTcp, 12) >>> 4 === u8(sentTcp, 12) >>> 4;
  for (const option of sent) {
    const name = nameOf(option);
    const there = quoted.find((other) => other.kind === option.kind);
    if (there !== undefined) {
      if (!sameBytes(option.bytes, there.bytes)) changes.push(`${name}.changed`);
    } else if (!complete) {
      unobservable.push(name);
    } else {
      changes.push(`${name}.${filled ? "nop" : "removed"}`);
    }
  }
  for (const option of quoted) {
    if (!sent.some((other) => other.kind === option.kind)) changes.push(`${nameOf(option)}.added`);
  }
  const common = (options: readonly TcpOption[], others: readonly TcpOption[]) =>
    options.map((option) => option.kind).filter((kind) => others.some((other) => other.kind === kind));
  if (common(sent, quoted).join() !== common(quoted, sent).join()) changes.push("tcp.option.order.changed");
  if (!complete && !sent.some(isMptcp) && !quoted.some(isMptcp)) unobservable.push("tcp.option.mptcp");
  return mptcpState(changes, unobservable);
}

function mptcpState(changes: readonly string[], unobservable: readonly string[]): MptcpState {
  if (unobservable.includes("tcp.option.mptcp")) return "unobservable";
  if (changes.includes("tcp.option.mptcp.removed")) return "stripped-removed";
  if (changes.includes("tcp.option.mptcp.nop")) return "stripped-nop";
  if (changes.includes("tcp.option.mptcp.changed")) return "altered";
  return changes.includes("tcp.option.mptcp.added") ? "added" : "unmodified";
}

function optionBytes(tcp: Uint8Array): Uint8Array {
  return tcp.subarray(TCP_HEADER_BYTES, Math.max(TCP_HEADER_BYTES, (u8(tcp, 12) >>> 4) * 4));
}

/** Whole options that carry something: padding is left out. */
function meaningful(bytes: Uint8Array): TcpOption[] {
  return decodeTcpOptions(bytes).options.filter((option) => option.kind !== OPTION_NOP && option.kind !== OPTION_END);
}

function isMptcp(option: TcpOption): boolean {
  return option.kind === OPTION_MPTCP;
}

function nameOf(option: TcpOption): string {
  return `tcp.option.${optionName(option.kind)}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
