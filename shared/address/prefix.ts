import { DecodeError } from "../errors.js";
import { addressFamily, formatAddress, parseAddress } from "./address.js";

/** A block of addresses. `length` counts from the family's own first bit: 0 to 32 for IPv4, 0 to 128 for IPv6. */
export interface Prefix {
  /** 16 bytes, the bits behind the prefix are 0. */
  readonly address: Uint8Array;
  readonly length: number;
  readonly family: 4 | 6;
}

/**
 * Reads `198.18.0.0/15` or `2001:db8::/32`; an address alone is a prefix of full length.
 * @throws DecodeError when the text is no prefix, or has bits set behind it (`198.18.0.1/15`)
 */
export function parsePrefix(text: string): Prefix {
  const [head = "", tail, ...rest] = text.split("/");
  const address = parseAddress(head);
  const family = addressFamily(address);
  const full = family === 4 ? 32 : 128;
  const length = tail === undefined ? full : Number(tail);
  if (rest.length > 0 || (tail !== undefined && !/^\d{1,3}$/.test(tail)) || length > full) {
    throw new DecodeError(`${JSON.stringify(text)} is not an IP prefix`);
  }
  const prefix = { address, length, family };
  for (let bit = bitsBefore(prefix); bit < 128; bit++) {
    if (((address[bit >>> 3] ?? 0) & (0x80 >>> (bit & 7))) !== 0) {
      throw new DecodeError(`${JSON.stringify(text)} has bits set behind its length`);
    }
  }
  return prefix;
}

/** `address/length`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** True when the address lies in the prefix; `::/0` is all of IPv6, and nothing of IPv4. */
export function prefixContains(prefix: Prefix, address: Uint8Array): boolean {
  if (addressFamily(address) !== prefix.family) return false;
  const bits = bitsBefore(prefix);
  const whole = bits >>> 3;
  for (let i = 0; i < whole; i++) if (prefix.address[i] !== address[i]) return false;
  const mask = (0xff00 >>> (bits & 7)) & 0xff;
  return mask === 0 || ((prefix.address[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

/** Length counted in the 16-byte form. */
function bitsBefore(prefix: Prefix): number {
  return prefix.family === 4 ? prefix.length + 96 : prefix.length;
}
