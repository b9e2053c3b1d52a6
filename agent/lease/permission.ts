import { formatAddress, ipv4FromNumber } from "../../shared/address/address.js";
import { formatPrefix, type Prefix, prefixContains } from "../../shared/address/prefix.js";
import { type BlocklistEntry, createBlocklist } from "../../shared/target/blocklist.js";
import { createRangeSet, type Ipv4Range, rangeOfPrefix, subtractRanges } from "../../shared/target/ranges.js";
import type { Target } from "../../shared/target/source.js";

/** What an agent's own file says about where its probes may go. No coordinator lifts any of it. */
export interface PermissionOptions {
  readonly open: readonly Prefix[];
  readonly block: readonly Prefix[];
  readonly ports: readonly number[] | null;
  readonly contact: { readonly email: string; readonly url: string } | null;
  /** Opt-outs and blocklists: no reason to refuse work, for they are left out target by target. */
  readonly blocked?: readonly { readonly prefix: Prefix }[];
}

/** Each check answers null when the probes may be sent, else why not and what would have to change. */
export interface Permission {
  ports(ports: readonly number[]): string | null;
  ranges(ranges: readonly Ipv4Range[]): string | null;
  targets(targets: readonly Target[]): string | null;
  /**
   * What has to be left out when its turn comes, in work that was not refused: plain data for whoever sends, in whatever
   * thread.
   */
  readonly leftOut: readonly Prefix[];
}

/** Builds the checks once; they cost O(ranges) and O(1) per listed target and prefix. */
export function createPermission(options: PermissionOptions): Permission {
  const blocklist = createBlocklist(options.open);
  const registry = createBlocklist([]);
  const open4 = options.open.filter((prefix) => prefix.family === 4).map(rangeOfPrefix);
  // Only special-purpose addresses can be opened: an "open" entry as wide as the Internet does not stand for a contact.
  const opened4 = subtractRanges(open4, subtractRanges(open4, registry.ranges.ranges).ranges);
  const opened = (address: Uint8Array): boolean =>
    registry.blockedBy(address) !== null && options.open.some((prefix) => prefixContains(prefix, address));

  const forbidden = (target: Ipv4Range | Uint8Array, named: string): string | null => {
    const entry = blocklist.blockedBy(target);
    return entry === null ? null : specialPurpose(named, entry);
  };

  return {
    leftOut: [...options.block, ...(options.blocked ?? []).map((one) => one.prefix)],
    ports(ports) {
      const port = options.ports === null ? undefined : ports.find((candidate) => !options.ports?.includes(candidate));
      return port === undefined ? null : `port ${port} is not among caps.ports of this agent's file`;
    },
    ranges(ranges) {
      for (const range of ranges) {
        const named = formatRange(range);
        const special = forbidden(range, named);
        if (special !== null) {
          return special;
        }
        const blocked = options.block.find((prefix) => prefix.family === 4 && overlap(rangeOfPrefix(prefix), range));
        if (blocked !== undefined) {
          return ownBlock(named, blocked);
        }
      }
      const outside = options.contact === null ? subtractRanges(ranges, opened4.ranges) : createRangeSet([]);
      return outside.size === 0 ? null : withoutContact(formatAddress(ipv4FromNumber(outside.addressAtRank(0))));
    },
    targets(targets) {
      for (const { address } of targets) {
        const named = formatAddress(address);
        const special = forbidden(address, named);
        if (special !== null) {
          return special;
        }
        const blocked = options.block.find((prefix) => prefixContains(prefix, address));
        if (blocked !== undefined) {
          return ownBlock(named, blocked);
        }
        if (options.contact === null && !opened(address)) {
          return withoutContact(named);
        }
      }
      return null;
    },
  };
}

function specialPurpose(named: string, entry: BlocklistEntry): string {
  const prefix = formatPrefix(entry.prefix);
  return `${named} is in ${prefix} (${entry.name}, ${entry.rfc}), which this agent's file does not open; only an "open" entry there can`;
}

function ownBlock(named: string, prefix: Prefix): string {
  return `${named} is in ${formatPrefix(prefix)}, which "block" in this agent's file forbids`;
}

function withoutContact(named: string): string {
  return `${named} is on the Internet, outside the special-purpose prefixes that this agent's file opens, and the file names no contact; nothing is sent there before contact.email and contact.url are set in it`;
}

function overlap(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function formatRange(range: Ipv4Range): string {
  const [first, last] = [range.first, range.last].map((number) => formatAddress(ipv4FromNumber(number)));
  return first === last ? `${first}` : `${first}-${last}`;
}
