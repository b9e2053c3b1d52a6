import { formatAddress, parseAddress } from "../../shared/address/address.js";
import { formatPrefix, type Prefix, parsePrefix, prefixContains } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import { type Blocklist, type BlocklistEntry, createBlocklist } from "../../shared/target/blocklist.js";
import { type Ipv4Range, rangeOfPrefix, subtractRanges } from "../../shared/target/ranges.js";
import { type AddressList, listOfAddresses } from "../hitlist/address-list.js";
import type { FreezeCounts } from "../hitlist/freeze.js";
import type { FrozenHitlist } from "../hitlist/hitlists.js";
import type { OpeningAgent } from "../hitlist/judge.js";
import type { CampaignSpec } from "./spec.js";

export interface ResolvedTargets {
  /** Allowed IPv4 ranges after every exclusion, ascending, not touching. */
  readonly ranges: readonly Ipv4Range[];
  readonly addresses6: AddressList;
  /** What was left out without being an error, in words. */
  readonly notes: readonly string[];
}

interface AgentBlocklist {
  readonly agent: string;
  readonly blocklist: Blocklist;
}

/** Prefixes (CIDR text) that are no targets: what the file excludes, and the canaries, which are asked apart. */
export function leftOut(spec: CampaignSpec): string[] {
  return [...spec.targets.exclude, ...spec.canaries.map(({ target }) => formatPrefix(parsePrefix(target)))];
}

/**
 * The addresses that a campaign may ask. A wide prefix loses the special-purpose ranges in it, as `hitlist` has lost the
 * addresses in them; a prefix or address that is special-purpose as a whole must be opened by every one of `agents`.
 * `optedOut` is left out like what the file excludes.
 * Throws UserError (exit code 2) naming the key, the range, its registry name and RFC.
 */
export function resolveTargets(
  spec: CampaignSpec,
  hitlist: FrozenHitlist | null,
  agents: readonly OpeningAgent[],
  optedOut: readonly Prefix[] = [],
): ResolvedTargets {
  const special = createBlocklist([]);
  const local = agents.map(({ agent, opened }) => ({ agent, blocklist: createBlocklist(opened.map(parsePrefix)) }));
  const excluded = [...leftOut(spec).map(parsePrefix), ...optedOut];
  for (const [i, { target }] of spec.canaries.entries()) {
    requireOptedIn(`canaries[${i}].target: ${target}`, parseAddress(target), optedOut);
    requireOpened(`canaries[${i}].target: ${target}`, parseAddress(target), target, special, local);
  }

  const wanted = spec.targets.ipv4.flatMap((text, i) => {
    const range = rangeOfPrefix(parsePrefix(text));
    const open = subtractRanges([range], special.ranges.ranges).ranges;
    if (open.length > 0) {
      return open;
    }
    requireOpened(`targets.ipv4[${i}]: ${text}`, range, text, special, local);
    return [range];
  });
  const ranges = subtractRanges(wanted, excluded.filter((prefix) => prefix.family === 4).map(rangeOfPrefix)).ranges;

  const addresses6 = hitlist?.list ?? listOfAddresses(listed(spec, excluded, special, local));
  if (ranges.length === 0 && addresses6.count === 0) {
    throw new UserError("targets: nothing is left after the exclusions", {
      remedy: "check targets.exclude, canaries and `parallax optout list` against the targets",
      exitCode: 2,
    });
  }
  return { ranges, addresses6, notes: hitlist === null ? [] : notesOn(hitlist.counts, spec) };
}

/** Addresses named one by one: each must be allowed. */
function listed(
  spec: CampaignSpec,
  excluded: readonly Prefix[],
  special: Blocklist,
  local: readonly AgentBlocklist[],
): Uint8Array[] {
  const { ipv6 } = spec.targets;
  if (!Array.isArray(ipv6)) {
    throw new UserError(`targets.ipv6.hitlist: ${ipv6.hitlist} was not sent along`, {
      remedy: "send the hitlist with the campaign",
      exitCode: 2,
    });
  }
  const unique = new Map(ipv6.map((text, i) => [formatAddress(parseAddress(text)), i]));
  const addresses = [...unique].map(([text, i]) => {
    const address = parseAddress(text);
    if (special.blockedBy(address) !== null) {
      requireOpened(`targets.ipv6[${i}]: ${text}`, address, text, special, local);
    }
    return address;
  });
  return addresses.filter((address) => !excluded.some((prefix) => prefixContains(prefix, address)));
}

/** What became of the lines of a hitlist. */
function notesOn({ listed, distinct, special, aliased, excluded }: FreezeCounts, spec: CampaignSpec): string[] {
  const said = (count: number, why: string): string[] =>
    count === 0 ? [] : [`${count} of ${distinct} hitlist addresses left out: ${why}`];
  return [
    ...(listed === distinct ? [] : [`${listed - distinct} of ${listed} hitlist lines repeat others`]),
    ...said(special, "special-purpose, not opened by every agent"),
    ...said(aliased, "in an aliased prefix"),
    ...said(excluded, spec.canaries.length > 0 ? "excluded, canaries or opted out" : "excluded or opted out"),
  ];
}

function requireOptedIn(subject: string, address: Uint8Array, optedOut: readonly Prefix[]): void {
  const prefix = optedOut.find((candidate) => prefixContains(candidate, address));
  if (prefix === undefined) return;
  throw new UserError(`${subject} is in ${formatPrefix(prefix)}, which has opted out`, {
    remedy: "choose another canary",
    exitCode: 2,
  });
}

function requireOpened(
  subject: string,
  target: Prefix | Uint8Array | Ipv4Range,
  text: string,
  special: Blocklist,
  local: readonly AgentBlocklist[],
): void {
  const entry = special.blockedBy(target);
  if (entry === null) {
    return;
  }
  if (local.length === 0) {
    throw blocked(subject, entry, "no agent that opens it is connected", text);
  }
  for (const { agent, blocklist } of local) {
    const closed = blocklist.blockedBy(target);
    if (closed !== null) {
      throw blocked(subject, closed, `agent ${agent} does not open it`, text);
    }
  }
}

function blocked(subject: string, entry: BlocklistEntry, why: string, text: string): UserError {
  return new UserError(`${subject} is special-purpose space (${entry.name}, ${entry.rfc}) and ${why}`, {
    remedy: `remove it, or open ${text} in the configuration file of every agent of the campaign and connect them first`,
    exitCode: 2,
  });
}
