import { type Prefix, parsePrefix } from "../../shared/address/prefix.js";
import { createBlocklist } from "../../shared/target/blocklist.js";
import { createPrefixSet } from "./prefix-set.js";

/** A connected agent that a campaign would use, and the special-purpose prefixes its own file opens (CIDR text). */
export interface OpeningAgent {
  readonly agent: string;
  readonly opened: readonly string[];
}

export interface Rules {
  readonly agents: readonly OpeningAgent[];
  /** Prefixes whose every address answers, hosts or not. */
  readonly aliased: readonly Prefix[];
  /** Prefixes that the campaign leaves out (CIDR text). */
  readonly exclude: readonly string[];
}

/** Why an address of a hitlist is not asked, the first reason that applies; or `kept`. */
export type Judgement = "kept" | "special" | "aliased" | "excluded";

/** A special-purpose address is kept when every agent opens it, and there is one. */
export function createJudge({ agents, aliased, exclude }: Rules): (address: Uint8Array) => Judgement {
  const special = createBlocklist([]);
  const local = agents.map(({ opened }) => createBlocklist(opened.map(parsePrefix)));
  const aliasedSet = createPrefixSet(aliased);
  const excludedSet = createPrefixSet(exclude.map(parsePrefix));
  const isOpened = (address: Uint8Array): boolean =>
    local.length > 0 && local.every((blocklist) => blocklist.blockedBy(address) === null);

  return (address) => {
    if (special.blockedBy(address) !== null && !isOpened(address)) return "special";
    if (aliasedSet.covers(address)) return "aliased";
    return excludedSet.covers(address) ? "excluded" : "kept";
  };
}
