import { DecodeError } from "../errors.js";
import { fold16, sum16 } from "./checksum.js";
import { u8 } from "./ip.js";

/** An ICMP or ICMPv6 error: it quotes the packet that caused it. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** The quoted packet from its IP header on, without padding of RFC 4884 beyond its length field: a view. */
  readonly quote: Uint8Array;
  /** RFC 4884 extension structure, or empty: a view. */
  readonly extensions: Uint8Array;
}

/** RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem. */
const ERRORS_V4: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
/** RFC 4443: all types below 128 are errors; these four are assigned. */
const ERRORS_V6: ReadonlySet<number> = new Set([1, 2, 3, 4]);
/** Types that have a length field (RFC 4884 section 4): unreachable, time exceeded, and for IPv4 parameter problem. */
const WITH_LENGTH: Readonly<Record<4 | 6, ReadonlySet<number>>> = { 4: new Set([3, 11, 12]), 6: new Set([1, 3]) };
const HEADER_BYTES = 8;
/** Shortest quote that RFC 4884 section 5 lets extensions follow. */
const PADDED_QUOTE_BYTES = 128;

export const ICMP_TIME_EXCEEDED = 11;
export const ICMPV6_TIME_EXCEEDED = 3;

/**
 * Decodes an ICMP error; null for any other message.
 * @throws DecodeError when the header is not whole
 */
export function decodeIcmpError(bytes: Uint8Array, family: 4 | 6): IcmpError | null {
  if (bytes.length < HEADER_BYTES) throw new DecodeError(`ICMP header in ${bytes.length} bytes`);
  const type = u8(bytes, 0);
  if (!(family === 4 ? ERRORS_V4 : ERRORS_V6).has(type)) return null;
  const body = bytes.subarray(HEADER_BYTES);
  const quoteBytes = quotedLength(bytes, body, family, type);
  return {
    type,
    code: u8(bytes, 1),
    quote: body.subarray(0, quoteBytes),
    extensions: body.subarray(quoteBytes),
  };
}

/** Length of the quote: from the length field (RFC 4884 section 4), or where extensions begin without one (section 5.5). */
function quotedLength(bytes: Uint8Array, body: Uint8Array, family: 4 | 6, type: number): number {
  const field = !WITH_LENGTH[family].has(type) ? 0 : family === 4 ? u8(bytes, 5) * 4 : u8(bytes, 4) * 8;
  if (field > 0 && field <= body.length) return field;
  return hasExtensionsAt(body, PADDED_QUOTE_BYTES) ? PADDED_QUOTE_BYTES : body.length;
}

/** A version 2 extension header with a right checksum. */
function hasExtensionsAt(body: Uint8Array, at: number): boolean {
  if (body.length < at + 8 || u8(body, at) !== 0x20) return false;
  return fold16(sum16(body, at, body.length)) === 0;
}
