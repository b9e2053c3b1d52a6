import type { RateCap } from "./rate-cap.js";

/**
 * One campaign's rate under the agent's own cap: what is taken is taken from both. The agent's cap is shared by all
 * campaigns, so together they never pass it, whatever rates their plans name.
 */
export function createJointCap(agent: RateCap, campaign: RateCap): RateCap {
  return {
    take(wanted) {
      const allowed = agent.take(wanted);
      const taken = campaign.take(allowed);
      agent.giveBack(allowed - taken);
      return taken;
    },
    giveBack(packets) {
      agent.giveBack(packets);
      campaign.giveBack(packets);
    },
    readyInMs: () => Math.max(agent.readyInMs(), campaign.readyInMs()),
    setRate: campaign.setRate,
    get packetsPerSecond() {
      return Math.min(agent.packetsPerSecond, campaign.packetsPerSecond);
    },
  };
}
