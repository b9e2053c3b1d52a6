import { formatAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import type { Target } from "../../../shared/target/source.js";
import { readBlocklistFile } from "../../config/blocked.js";
import type { OwnRules } from "../allowed.js";
import { type AskedTargets, joinTargets, listAddresses, parseTargets, targetsOfPrefixes } from "../targets.js";
import { createCounter, type RemainingTargets } from "./exclusions.js";

/** What the targets are made from. */
export interface SelectionRequest {
  readonly targets: readonly string[];
  readonly ports: readonly number[];
  readonly allowlistFile: string | null;
  readonly blocklistFile: string | null;
}

export interface Selection {
  /** Before anything was taken out. */
  readonly asked: AskedTargets;
  readonly remaining: RemainingTargets;
}

/**
 * The addresses that may be asked, with what was taken out. What is named on the command line and may not be probed at
 * all is refused; what a wide prefix or the file of --allowlist-file holds of such addresses is left out.
 *
 * Throws UserError with exit code 2.
 */
export function selectTargets(request: SelectionRequest, rules: OwnRules): Selection {
  const { allowlistFile, blocklistFile, ports } = request;
  if (request.targets.length === 0 && allowlistFile === null) {
    throw new UserError("no targets are named", {
      remedy: "write addresses or prefixes, or name a file with --allowlist-file",
      exitCode: 2,
    });
  }
  const more = blocklistFile === null ? [] : readBlocklistFile("--blocklist-file", blocklistFile);
  const listed = allowlistFile === null ? [] : readBlocklistFile("--allowlist-file", allowlistFile);
  const named = request.targets.map((text) => parseTargets([text]));
  const asked = joinTargets([...named, targetsOfPrefixes(listed.map(({ prefix }) => prefix))]);
  const remaining = rules.exclude(asked, more);
  const holds = membership(remaining.targets);
  for (const [i, target] of named.entries()) {
    if (holds(target)) continue;
    // The rules know best why: special-purpose, or the agent's own block.
    rules.check(asAsked(target, ports));
    throw nothingLeft(`target ${request.targets[i]}`, rules.exclude(target, more));
  }
  if (isEmpty(remaining.targets)) throw nothingLeft(`${allowlistFile}`, remaining);
  rules.check(asAsked(remaining.targets, ports));
  return { asked, remaining };
}

/**
 * The same for commands that take each address with each port, as a list; how many were left out is said on standard error.
 *
 * Throws UserError with exit code 2.
 */
export function listTargets(targets: readonly string[], ports: readonly number[], rules: OwnRules): Target[] {
  const { remaining } = selectTargets({ targets, ports, allowlistFile: null, blocklistFile: null }, rules);
  if (remaining.excluded > 0) process.stderr.write(`${remaining.excluded} addresses are left out\n`);
  return listAddresses(remaining.targets).flatMap((address) => ports.map((port) => ({ address, port })));
}

/** Whether any of some targets is among these. */
function membership({ ipv4, ipv6 }: AskedTargets): (targets: AskedTargets) => boolean {
  const count = createCounter(ipv4);
  const texts = new Set(ipv6.map(formatAddress));
  return (targets) =>
    targets.ipv4.ranges.some((range) => count(range) > 0) ||
    targets.ipv6.some((address) => texts.has(formatAddress(address)));
}

/** For the rules' check, which looks at ranges and single targets. */
export function asAsked({ ipv4, ipv6 }: AskedTargets, ports: readonly number[]): Parameters<OwnRules["check"]>[0] {
  return { ports, ranges: ipv4.ranges, listed: ipv6.flatMap((address) => ports.map((port) => ({ address, port }))) };
}

function isEmpty({ ipv4, ipv6 }: AskedTargets): boolean {
  return ipv4.size === 0 && ipv6.length === 0;
}

function nothingLeft(what: string, { exclusions: [first] }: RemainingTargets): UserError {
  const because = first === undefined ? "" : `: ${first.prefix} is left out (${first.why})`;
  return new UserError(`${what} has no address that may be probed${because}`, {
    remedy: "name other targets, or change the list that it is in",
    exitCode: 2,
  });
}
