import { addressFamily, ipv4ToNumber } from "../address/address.js";
import { type Prefix, prefixContains } from "../address/prefix.js";
import { createRangeSet, rangeOfPrefix } from "./ranges.js";

/** Tells whether an address lies in one of the prefixes: IPv4 by binary search, as opt-outs may be many. */
export function inAnyPrefix(prefixes: readonly Prefix[]): (address: Uint8Array) => boolean {
  if (prefixes.length === 0) return () => false;
  const ipv4 = createRangeSet(prefixes.filter(({ family }) => family === 4).map(rangeOfPrefix));
  const ipv6 = prefixes.filter(({ family }) => family === 6);
  return (address) =>
    addressFamily(address) === 4
      ? ipv4.contains(ipv4ToNumber(address))
      : ipv6.some((prefix) => prefixContains(prefix, address));
}
