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
