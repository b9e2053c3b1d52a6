import type { TokenBucket } from "../wire/token-bucket.js";

/**
 * One campaign's rate under the agent's own cap: what is taken is taken from both. The agent's bucket is shared by all
 * campaigns, so together they never pass the cap, whatever rates their plans name.
 */
export function createSharedLimiter(agent: TokenBucket, campaign: TokenBucket): TokenBucket {
  return {
    take(wanted) {
      const allowed = agent.take(wanted);
      const taken = campaign.take(allowed);
      agent.giveBack(allowed - taken);
      return taken;
    },
    giveBack(tokens) {
      agent.giveBack(tokens);
      campaign.giveBack(tokens);
    },
    readyInMs: () => Math.max(agent.readyInMs(), campaign.readyInMs()),
    setRate: campaign.setRate,
    get packetsPerSecond() {
      return Math.min(agent.packetsPerSecond, campaign.packetsPerSecond);
    },
  };
}
