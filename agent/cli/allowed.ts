import { UserError } from "../../shared/errors.js";
import type { Ipv4Range } from "../../shared/target/ranges.js";
import type { Target } from "../../shared/target/source.js";
import { type AgentConfig, loadAgentConfig } from "../config/config.js";
import { createPermission } from "../lease/permission.js";

/** What the agent's own file says about probes that its operator sends by hand. */
export interface OwnRules {
  /** The most packets per second; null without a file. */
  readonly packetsPerSecond: number | null;
  readonly interface: string | null;
  /** Throws UserError with exit code 2 when the file, or its absence, forbids one of the targets. */
  check(asked: { ports: readonly number[]; ranges: readonly Ipv4Range[]; listed: readonly Target[] }): void;
}

/** Rules of the file, or those without one: no special-purpose prefix is open, and no contact is named. */
export function ownRules(file: string | undefined): OwnRules {
  const config: AgentConfig | null = file === undefined ? null : loadAgentConfig(file);
  const permission = createPermission({
    open: config?.open ?? [],
    block: config?.block ?? [],
    ports: config?.caps.ports ?? null,
    contact: config?.contact ?? null,
  });
  return {
    packetsPerSecond: config?.caps.packetsPerSecond ?? null,
    interface: config?.interface ?? null,
    check({ ports, ranges, listed }) {
      const forbidden = permission.ports(ports) ?? permission.ranges(ranges) ?? permission.targets(listed);
      if (forbidden === null) return;
      throw new UserError(forbidden, {
        remedy:
          file === undefined
            ? 'name the agent\'s file with --config; its "open" and "contact" say what may be probed from here'
            : `change ${file} if these targets are yours to probe`,
        exitCode: 2,
      });
    },
  };
}
