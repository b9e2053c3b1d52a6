import { addressFamily, ipv4ToNumber } from "../address/address.js";
import { type Prefix, parsePrefix, prefixContains } from "../address/prefix.js";
import { type Ipv4Range, type RangeSet, rangeOfPrefix, subtractRanges } from "./ranges.js";

/** A block of addresses that is not part of the Internet at large, or serves a purpose of its own. */
export interface BlocklistEntry {
  readonly prefix: Prefix;
  readonly name: string;
  /** The document that says so, for instance "RFC 1918". */
  readonly rfc: string;
}

/**
 * The IANA special-purpose address registries (RFC 6890, as updated) and multicast, smaller blocks before those they
 * lie in. Blocks that are marked globally reachable there are in the list too: they are anycast services or
 * translators, not hosts. IPv4-mapped IPv6 (::ffff:0:0/96) is missing because it is how IPv4 addresses are written
 * here.
 */
const REGISTRY: readonly (readonly [prefix: string, name: string, rfc: string])[] = [
  ["255.255.255.255/32", "Limited Broadcast", "RFC 919"],
  ["192.0.0.8/32", "IPv4 dummy address", "RFC 7600"],
  ["192.0.0.9/32", "Port Control Protocol Anycast", "RFC 7723"],
  ["192.0.0.10/32", "Traversal Using Relays around NAT Anycast", "RFC 8155"],
  ["192.0.0.170/31", "NAT64/DNS64 Discovery", "RFC 8880"],
  ["192.0.0.0/29", "IPv4 Service Continuity Prefix", "RFC 7335"],
  ["192.0.0.0/24", "IETF Protocol Assignments", "RFC 6890"],
  ["192.0.2.0/24", "Documentation (TEST-NET-1)", "RFC 5737"],
  ["192.31.196.0/24", "AS112-v4", "RFC 7535"],
  ["192.52.193.0/24", "AMT", "RFC 7450"],
  ["192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", "RFC 7526"],
  ["192.175.48.0/24", "Direct Delegation AS112 Service", "RFC 7534"],
  ["198.51.100.0/24", "Documentation (TEST-NET-2)", "RFC 5737"],
  ["203.0.113.0/24", "Documentation (TEST-NET-3)", "RFC 5737"],
  ["169.254.0.0/16", "Link Local", "RFC 3927"],
  ["192.168.0.0/16", "Private-Use", "RFC 1918"],
  ["198.18.0.0/15", "Benchmarking", "RFC 2544"],
  ["172.16.0.0/12", "Private-Use", "RFC 1918"],
  ["100.64.0.0/10", "Shared Address Space", "RFC 6598"],
  ["0.0.0.0/8", '"This network"', "RFC 791"],
  ["10.0.0.0/8", "Private-Use", "RFC 1918"],
  ["127.0.0.0/8", "Loopback", "RFC 1122"],
  ["224.0.0.0/4", "Multicast", "RFC 5771"],
  ["240.0.0.0/4", "Reserved", "RFC 1112"],
  ["::/128", "Unspecified Address", "RFC 4291"],
  ["::1/128", "Loopback Address", "RFC 4291"],
  ["2001:1::1/128", "Port Control Protocol Anycast", "RFC 7723"],
  ["2001:1::2/128", "Traversal Using Relays around NAT Anycast", "RFC 8155"],
  ["2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", "RFC 9665"],
  ["64:ff9b::/96", "IPv4-IPv6 Translation", "RFC 6052"],
  ["100::/64", "Discard-Only Address Block", "RFC 6666"],
  ["100:0:0:1::/64", "Dummy IPv6 Prefix", "RFC 9780"],
  ["64:ff9b:1::/48", "IPv4-IPv6 Translation", "RFC 8215"],
  ["2001:2::/48", "Benchmarking", "RFC 5180"],
  ["2001:4:112::/48", "AS112-v6", "RFC 7535"],
  ["2620:4f:8000::/48", "Direct Delegation AS112 Service", "RFC 7534"],
  ["2001::/32", "TEREDO", "RFC 4380"],
  ["2001:3::/32", "AMT", "RFC 7450"],
  ["2001:db8::/32", "Documentation", "RFC 3849"],
  ["2001:10::/28", "Deprecated (previously ORCHID)", "RFC 4843"],
  ["2001:20::/28", "ORCHIDv2", "RFC 7343"],
  ["2001:30::/28", "Drone Remote ID Protocol Entity Tags", "RFC 9374"],
  ["2001::/23", "IETF Protocol Assignments", "RFC 2928"],
  ["3fff::/20", "Documentation", "RFC 9637"],
  ["2002::/16", "6to4", "RFC 3056"],
  ["5f00::/16", "Segment Routing (SRv6) SIDs", "RFC 9602"],
  ["fe80::/10", "Link-Local Unicast", "RFC 4291"],
  ["ff00::/8", "Multicast", "RFC 4291"],
  ["fc00::/7", "Unique-Local", "RFC 4193"],
];

/** Which addresses must not be asked, given the special-purpose prefixes that an agent's own file opens. */
export interface Blocklist {
  /** Blocked IPv4 addresses. */
  readonly ranges: RangeSet;
  /**
   * The entry that blocks a part of the target (prefix, address or IPv4 range), or null. A prefix wider than an entry
   * is blocked by it as well: take `ranges` out first where that is meant, as for 0.0.0.0/0.
   */
  blockedBy(target: Prefix | Uint8Array | Ipv4Range): BlocklistEntry | null;
}

/** `opened` prefixes are taken out of the blocklist. */
export function createBlocklist(opened: readonly Prefix[]): Blocklist {
  const entries = REGISTRY.map(([prefix, name, rfc]) => ({ prefix: parsePrefix(prefix), name, rfc }));
  const entries6 = entries.filter((entry) => entry.prefix.family === 6);
  const opened6 = opened.filter((prefix) => prefix.family === 6);
  const opened4 = opened.filter((prefix) => prefix.family === 4).map(rangeOfPrefix);
  const blocked4 = entries
    .filter((entry) => entry.prefix.family === 4)
    .map((entry) => ({ entry, range: rangeOfPrefix(entry.prefix) }));
  const ranges = subtractRanges(
    blocked4.map(({ range }) => range),
    opened4,
  );

  const blockedIpv4 = (target: Ipv4Range): BlocklistEntry | null => {
    for (const { entry, range } of blocked4) {
      const first = Math.max(range.first, target.first);
      const last = Math.min(range.last, target.last);
      if (first <= last && subtractRanges([{ first, last }], opened4).size > 0) {
        return entry;
      }
    }
    return null;
  };
  const blockedIpv6 = (target: Prefix, candidates: readonly BlocklistEntry[]): BlocklistEntry | null =>
    candidates.find((entry) => {
      const overlap = smaller(entry.prefix, target);
      return overlap !== null && !opened6.some((open) => contains(open, overlap));
    }) ?? null;
  // Most addresses are asked about by the million, and begin with a byte that few blocks or none begin with.
  const byFirstByte = Array.from({ length: 256 }, (_, byte) =>
    entries6.filter((entry) => mayBegin(entry.prefix, byte)),
  );

  return {
    ranges,
    blockedBy(target) {
      if ("first" in target) {
        return blockedIpv4(target);
      }
      if (!(target instanceof Uint8Array)) {
        return target.family === 4 ? blockedIpv4(rangeOfPrefix(target)) : blockedIpv6(target, entries6);
      }
      if (addressFamily(target) === 6) {
        const candidates = byFirstByte[target[0] ?? 0] ?? [];
        return candidates.length === 0 ? null : blockedIpv6({ address: target, length: 128, family: 6 }, candidates);
      }
      const address = ipv4ToNumber(target);
      return ranges.contains(address) ? blockedIpv4({ first: address, last: address }) : null;
    },
  };
}

/** True when an address in the IPv6 prefix can have this first byte. */
function mayBegin({ address, length }: Prefix, byte: number): boolean {
  const mask = length < 8 ? 0xff00 >>> length : 0xff;
  return ((byte ^ (address[0] ?? 0)) & mask & 0xff) === 0;
}

/** Two prefixes either lie one in the other or share nothing. */
function smaller(a: Prefix, b: Prefix): Prefix | null {
  if (contains(a, b)) {
    return b;
  }
  return contains(b, a) ? a : null;
}

function contains(outer: Prefix, inner: Prefix): boolean {
  return inner.length >= outer.length && prefixContains(outer, inner.address);
}
