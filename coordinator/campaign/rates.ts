import type { PrefixShare } from "../../shared/lease/work.js";
import type { CampaignSpec } from "./spec.js";

/** Shares of one campaign's `rate.total`, whose sum never passes it. */
export interface RateShares {
  /**
   * This agent's share in packets per second: what it has already, or min(cap, total / agents, what is left); null when
   * nothing is left. A share stays as it is until it is released: agents are told their rate once a session.
   */
  take(agent: string, cap: number, agents: number): number | null;
  /** What the agent has, or null. */
  of(agent: string): number | null;
  /** An agent was found with a share, as after a restart. */
  restore(agent: string, packetsPerSecond: number): void;
  /** Frees the shares of all agents that `keep` does not want. */
  releaseExcept(keep: (agent: string) => boolean): void;
}

/** Shares of the budget that a campaign's `rate.perPrefix` gives each network. */
export interface PrefixShares {
  /** As `RateShares.take`; null where the campaign sets no budget, undefined when nothing of it is left. */
  take(agent: string, agents: number): PrefixShare | null | undefined;
  releaseExcept(keep: (agent: string) => boolean): void;
}

/** In thousandths of a packet per second: a budget is small, and a fleet may be large. */
const UNIT = 1_000;

export function createPrefixShares(budget: CampaignSpec["rate"]["perPrefix"]): PrefixShares {
  if (budget === undefined) {
    return { take: () => null, releaseExcept: () => undefined };
  }
  const { v4, v6, pps } = budget;
  const shares = createRateShares(pps * UNIT);
  return {
    take(agent, agents) {
      const share = shares.take(agent, pps * UNIT, agents);
      return share === null ? undefined : { v4: lengthOf(v4), v6: lengthOf(v6), packetsPerSecond: share / UNIT };
    },
    releaseExcept: shares.releaseExcept,
  };
}

/** `/24` is 24. */
function lengthOf(text: string): number {
  return Number(text.slice(1));
}

export function createRateShares(total: number | undefined): RateShares {
  const shares = new Map<string, number>();
  return {
    take(agent, cap, agents) {
      const held = shares.get(agent);
      if (held !== undefined) {
        return held;
      }
      const fair =
        total === undefined ? cap : Math.min(cap, Math.floor(total / Math.max(1, agents)), total - used(shares));
      if (fair < 1) {
        return null;
      }
      shares.set(agent, fair);
      return fair;
    },
    of: (agent) => shares.get(agent) ?? null,
    restore(agent, packetsPerSecond) {
      shares.set(agent, packetsPerSecond);
    },
    releaseExcept(keep) {
      for (const agent of shares.keys()) {
        if (!keep(agent)) {
          shares.delete(agent);
        }
      }
    },
  };
}

function used(shares: ReadonlyMap<string, number>): number {
  return [...shares.values()].reduce((sum, share) => sum + share, 0);
}
