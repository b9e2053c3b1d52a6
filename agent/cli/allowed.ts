import { UserError } from "../../shared/errors.js";
import { createBlocklist } from "../../shared/target/blocklist.js";
import type { Ipv4Range } from "../../shared/target/ranges.js";
import type { Target } from "../../shared/target/source.js";
import type { BlockedPrefix } from "../config/blocked.js";
import { type HandRules, loadHandRules } from "../config/config.js";
import { createPermission } from "../lease/permission.js";
import { excludeTargets, type RemainingTargets } from "./scan/exclusions.js";
import type { AskedTargets } from "./targets.js";

/** What the agent's own file says about probes that its operator sends by hand. */
export interface OwnRules {
  readonly file: HandRules;
  /** The packets per second that were asked for, or what the file allows. */
  capped(packetsPerSecond: number): number;
  /** Throws UserError with exit code 2 when the file, or its absence, forbids one of the targets. */
  check(asked: { ports: readonly number[]; ranges: readonly Ipv4Range[]; listed: readonly Target[] }): void;
  /** Takes out what may not be probed from here, and what `more` lists. */
  exclude(asked: AskedTargets, more: readonly BlockedPrefix[]): RemainingTargets;
}

/** Rules where there is no file: no special-purpose prefix is open, and no contact is named. */
const NO_FILE: HandRules = {
  open: [],
  block: [],
  blocked: [],
  contact: null,
  infoPage: null,
  interface: null,
  caps: null,
};

export function ownRules(path: string | undefined): OwnRules {
  const file = path === undefined ? NO_FILE : loadHandRules(path);
  const permission = createPermission({ ...file, ports: file.caps?.ports ?? null });
  const special = createBlocklist(file.open);
  const own = file.block.map((prefix): BlockedPrefix => ({ prefix, reason: null, origin: "block" }));
  return {
    file,
    capped: (packetsPerSecond) => Math.min(packetsPerSecond, file.caps?.packetsPerSecond ?? Number.POSITIVE_INFINITY),
    check({ ports, ranges, listed }) {
      const forbidden = permission.ports(ports) ?? permission.ranges(ranges) ?? permission.targets(listed);
      if (forbidden === null) return;
      throw new UserError(forbidden, {
        remedy:
          path === undefined
            ? 'name the agent\'s file with --config; its "open" and "contact" say what may be probed from here'
            : `change ${path} if these targets are yours to probe`,
        exitCode: 2,
      });
    },
    exclude: (asked, more) => excludeTargets(asked, special, [...own, ...file.blocked, ...more]),
  };
}
