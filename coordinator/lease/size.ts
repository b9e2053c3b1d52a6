/** Indices of a first lease, when nothing is known of the agent's speed. */
const FIRST_SIZE = 8_192;
/** Smallest lease worth a message, unless less is left. */
const LEAST_SIZE = 16;
/** Seconds of work in one lease: long enough to cost nothing, short enough to lose little with a dead agent. */
const AIM_SECONDS = 10;
/** At the end of a source leases are no shorter than this: an agent asks for more once a second. */
const LEAST_SECONDS = 1;

export interface LeaseSizeInput {
  /** Free indices of the source. */
  readonly remaining: number;
  /** Agents that can work on the source, at least 1. */
  readonly agents: number;
  /** Measured speed of this agent on this source, or null. */
  readonly indicesPerSecond: number | null;
  /** What the plan's rate allows. */
  readonly plannedIndicesPerSecond: number;
  /** Most indices that one grant can carry. */
  readonly most: number;
}

/** Aims at ten seconds of the agent's rate; near the end leases shrink so that all agents finish together. */
export function leaseSize(input: LeaseSizeInput): number {
  const speed = input.indicesPerSecond;
  const planned = input.plannedIndicesPerSecond;
  const aimed = speed === null ? Math.min(FIRST_SIZE, planned * AIM_SECONDS) : Math.min(speed, planned) * AIM_SECONDS;
  const least = Math.max(LEAST_SIZE, speed === null ? 0 : Math.ceil((aimed / AIM_SECONDS) * LEAST_SECONDS));
  const fairShare = Math.ceil(input.remaining / (2 * input.agents));
  return Math.min(input.most, Math.max(least, Math.min(Math.ceil(aimed), fairShare)));
}
