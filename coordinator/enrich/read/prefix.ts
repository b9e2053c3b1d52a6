import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { formatPrefix, parsePrefix } from "../../../shared/address/prefix.js";
import { DecodeError } from "../../../shared/errors.js";

/** The canonical text of a prefix; null for what is none, and for a default route, which says nothing of an address. */
export function canonicalPrefix(text: string): string | null {
  try {
    const prefix = parsePrefix(text);
    return prefix.length === 0 ? null : formatPrefix(prefix);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** The prefixes that make up a range of addresses of one family, both ends in it; null where it is no such range. */
export function prefixesOfRange(firstText: string, lastText: string): string[] | null {
  try {
    const isV4 = !firstText.includes(":");
    if (isV4 === lastText.includes(":")) return null;
    const bits = isV4 ? 32 : 128;
    const last = numberOf(lastText);
    let at = numberOf(firstText);
    if (at > last) return null;
    const prefixes: string[] = [];
    while (at <= last) {
      let size = 0;
      while (size < bits && (at & ((2n << BigInt(size)) - 1n)) === 0n && at + (2n << BigInt(size)) - 1n <= last) size++;
      prefixes.push(`${addressOf(at, isV4)}/${bits - size}`);
      at += 1n << BigInt(size);
    }
    return prefixes;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** An address as a number: 32 bits for IPv4, 128 for IPv6. Throws DecodeError. */
function numberOf(text: string): bigint {
  const bytes = parseAddress(text);
  const own = text.includes(":") ? bytes : bytes.subarray(12);
  return BigInt(`0x${Buffer.from(own).toString("hex")}`);
}

export function addressOf(value: bigint, isV4: boolean): string {
  const hex = value.toString(16).padStart(isV4 ? 8 : 32, "0");
  return formatAddress(new Uint8Array(Buffer.from(isV4 ? `00000000000000000000ffff${hex}` : hex, "hex")));
}
