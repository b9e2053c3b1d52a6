import { addressFamily, ipv4FromNumber } from "../../shared/address/address.js";
import { formatPrefix, type Prefix, parsePrefix } from "../../shared/address/prefix.js";
import { DecodeError, UserError } from "../../shared/errors.js";
import { createRangeSet, type RangeSet, rangeOfPrefix } from "../../shared/target/ranges.js";

/** What was asked for on the command line, by family. */
export interface AskedTargets {
  readonly ipv4: RangeSet;
  /** Every single address, 16 bytes each, without doubles. */
  readonly ipv6: readonly Uint8Array[];
}

/** IPv6 prefixes are written out, so they must be small. */
const SHORTEST_IPV6_PREFIX = 112;

/** Reads addresses and prefixes. Throws UserError with exit code 2 that names the text that is neither. */
export function parseTargets(texts: readonly string[]): AskedTargets {
  return targetsOfPrefixes(texts.map(parseTarget));
}

/** Throws UserError with exit code 2 when an IPv6 prefix is too large to be written out. */
export function targetsOfPrefixes(prefixes: readonly Prefix[]): AskedTargets {
  const ipv6 = prefixes.filter((prefix) => prefix.family === 6).flatMap((prefix) => [...addressesOf(prefix)]);
  const ranges = prefixes.filter((prefix) => prefix.family === 4).map(rangeOfPrefix);
  return { ipv4: createRangeSet(ranges), ipv6: withoutDoubles(ipv6) };
}

/** All targets together, each once. */
export function joinTargets(parts: readonly AskedTargets[]): AskedTargets {
  return {
    ipv4: createRangeSet(parts.flatMap(({ ipv4 }) => ipv4.ranges)),
    ipv6: withoutDoubles(parts.flatMap(({ ipv6 }) => ipv6)),
  };
}

function withoutDoubles(addresses: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(addresses.map((address) => [String.fromCharCode(...address), address])).values()];
}

/** Most IPv4 addresses that are written out one by one. */
const MOST_LISTED = 65_536;

/** Every single address of both families. Throws UserError with exit code 2 when there are too many for a list. */
export function listAddresses({ ipv4, ipv6 }: AskedTargets): Uint8Array[] {
  if (ipv4.size > MOST_LISTED) {
    throw new UserError(`${ipv4.size} addresses are too many for a list`, {
      remedy: `name at most ${MOST_LISTED}`,
      exitCode: 2,
    });
  }
  return [...Array.from({ length: ipv4.size }, (_, rank) => ipv4FromNumber(ipv4.addressAtRank(rank))), ...ipv6];
}

/** Reads `80,443,8000-8010`; each port once, in the order given. Throws UserError with exit code 2. */
export function parsePorts(option: string, text: string): number[] {
  const ports = text.split(",").flatMap((part) => {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (from >= 1 && to <= 65_535 && from <= to) return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    throw new UserError(`${option} ${text} is no list of ports`, {
      remedy: `write it like ${option} 80,443 or ${option} 8000-8010`,
      exitCode: 2,
    });
  });
  return [...new Set(ports)];
}

/** Reads one of `allowed` or several with commas between them. Throws UserError with exit code 2. */
export function parseChoices<T extends string>(option: string, text: string, allowed: readonly T[]): T[] {
  const chosen = text.split(",").map((part) => {
    const found = allowed.find((one) => one === part);
    if (found === undefined) {
      throw new UserError(`${option}: "${part}" is not known`, { remedy: `use ${allowed.join(", ")}`, exitCode: 2 });
    }
    return found;
  });
  return [...new Set(chosen)];
}

/** Reads an address or a prefix. Throws UserError with exit code 2. */
export function parseTarget(text: string): Prefix {
  try {
    return parsePrefix(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new UserError(`target ${error.message}`, {
      remedy: "write addresses and prefixes like 198.18.0.1, 198.18.0.0/24 or 2001:db8::1",
      exitCode: 2,
      cause: error,
    });
  }
}

function* addressesOf(prefix: Prefix): Generator<Uint8Array> {
  if (prefix.length < SHORTEST_IPV6_PREFIX) {
    throw new UserError(`${formatPrefix(prefix)} has too many addresses to try`, {
      remedy: `name single IPv6 addresses or prefixes from /${SHORTEST_IPV6_PREFIX} on`,
      exitCode: 2,
    });
  }
  for (let host = 0; host < 2 ** (128 - prefix.length); host++) {
    const address = prefix.address.slice();
    address[14] = (address[14] ?? 0) | (host >>> 8);
    address[15] = (address[15] ?? 0) | (host & 0xff);
    if (addressFamily(address) === 6) yield address;
  }
}
