import { DecodeError } from "../errors.js";
import { decodeTcpOptions, findOption, OPTION_MSS, OPTION_NOP } from "../option/tcp-options.js";
import { decodeIp, u8, u16 } from "../packet/ip.js";

const TCP_HEADER_BYTES = 20;

/** Kinds of all options but padding, in their order. */
export function optionKinds(options: Uint8Array): number[] {
  return decodeTcpOptions(options)
    .options.map(({ kind }) => kind)
    .filter((kind) => kind > OPTION_NOP);
}

/** The maximum segment size in a quoted SYN; null where the quote, from its IP header on, does not show one. */
export function quotedMss(quote: Uint8Array): number | null {
  const tcp = quotedTcp(quote);
  if (tcp.length < TCP_HEADER_BYTES) return null;
  const option = findOption(tcp.subarray(TCP_HEADER_BYTES, (u8(tcp, 12) >>> 4) * 4), OPTION_MSS);
  return option?.length === 4 ? u16(option, 2) : null;
}

function quotedTcp(quote: Uint8Array): Uint8Array {
  try {
    return quote.subarray(decodeIp(quote).headerBytes);
  } catch (error) {
    if (error instanceof DecodeError) return new Uint8Array(0);
    throw error;
  }
}
