/**
 * The Internet checksum (RFC 1071) in two steps, so that a pseudo header and several pieces can be added up.
 */

/** Adds the 16-bit words of `bytes[start, end)` to `initial`; an odd last byte counts as the high half of a word. */
export function sum16(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial;
  let i = start;
  for (; i + 1 < end; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  if (i < end) sum += (bytes[i] as number) << 8;
  return sum;
}

/**
 * Folds a sum below 2^32 (65,536 words, more than a packet has) to 16 bits and complements it: the value that goes into
 * a checksum field.
 */
export function fold16(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~(once + (once >>> 16)) & 0xffff;
}

/**
 * Sum of the pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1) of an IP packet whose transport part, header
 * included, has `transportBytes` bytes.
 */
export function pseudoHeaderSum(packet: Uint8Array, protocol: number, transportBytes: number): number {
  const isIpv4 = (packet[0] ?? 0) >>> 4 === 4;
  return sum16(packet, isIpv4 ? 12 : 8, isIpv4 ? 20 : 40, protocol + transportBytes);
}
