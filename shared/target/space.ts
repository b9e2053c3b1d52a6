import { addressFamily, ipv4ToNumber } from "../address/address.js";
import { createPermutation } from "./permutation.js";
import { createRangeSet, type Ipv4Range } from "./ranges.js";
import { createReadAhead } from "./read-ahead.js";
import { setIpv4, type TargetSource } from "./source.js";

export interface SpaceOptions {
  /** Allowed addresses, after every exclusion. */
  readonly ranges: Iterable<Ipv4Range>;
  /** Ports to ask at each address; distinct. */
  readonly ports: readonly number[];
  /** 16 bytes. */
  readonly permutationKey: Uint8Array;
}

/**
 * IPv4 targets computed from ranges: N = addresses x ports, and index i is the target of number `permutation.at(i)`
 * when targets are counted by address, then by port. Two sources with the same options agree on every index. Throws
 * RangeError when there is no target or a port is given twice.
 */
export function createSpaceSource(options: SpaceOptions): TargetSource {
  const addresses = createRangeSet(options.ranges);
  const ports = Uint16Array.from(options.ports);
  const portCount = ports.length;
  if (new Set(options.ports).size !== portCount || options.ports.some((port) => port < 1 || port > 65_535)) {
    throw new RangeError(`ports must be distinct and between 1 and 65535: ${options.ports.join(", ")}`);
  }
  const permutation = createPermutation(addresses.size * portCount, options.permutationKey);
  /** The place of each port in `ports`, and one behind it; 0 where it is none of them. */
  const portPlaces = new Uint16Array(65_536);
  for (const [i, port] of ports.entries()) portPlaces[port] = i + 1;

  return {
    size: permutation.size,
    targetAt(index, into) {
      const number = permutation.at(index);
      // The division is a sixth of a target's cost.
      const rank = portCount === 1 ? number : Math.floor(number / portCount);
      setIpv4(into, addresses.addressAtRank(rank));
      into.port = ports[number - rank * portCount] ?? 0;
    },
    readAhead: (to) => createReadAhead({ network: permutation.network, addresses: addresses.ranked, ports }, to),
    indexOf(address, port) {
      const portIndex = (portPlaces[port] ?? 0) - 1;
      const rank = addressFamily(address) === 4 ? addresses.rankOf(ipv4ToNumber(address)) : -1;
      return portIndex < 0 || rank < 0 ? -1 : permutation.indexOf(rank * portCount + portIndex);
    },
  };
}
