import { u8 } from "../packet/ip.js";

/**
 * Number of the first bit, counted from the beginning of the IP header, in which a quote differs from the probe as it was
 * sent; null where none does up to `end`. TTL, hop limit and checksums are not looked at, as every hop changes them.
 */
export function firstDifferenceBit(sent: Uint8Array, quote: Uint8Array, end: number): number | null {
  const isIpv4 = u8(sent, 0) >>> 4 === 4;
  const tcpAt = isIpv4 ? (u8(sent, 0) & 0x0f) * 4 : 40;
  const last = Math.min(sent.length, quote.length, end);
  for (let i = 0; i < last; i++) {
    const difference = u8(sent, i) ^ u8(quote, i);
    if (difference !== 0 && !changesAtEveryHop(i, isIpv4, tcpAt)) return 8 * i + Math.clz32(difference) - 24;
  }
  return null;
}

/** Whether a byte is of the TTL, the hop limit or a checksum. */
export function changesAtEveryHop(at: number, isIpv4: boolean, tcpAt: number): boolean {
  return (isIpv4 ? at === 8 || at === 10 || at === 11 : at === 7) || at === tcpAt + 16 || at === tcpAt + 17;
}
