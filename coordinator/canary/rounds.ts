/** Over the whole fleet a canary is asked about once in so long at the most ... */
const FLEET_INTERVAL_MS = 1_000;
/** ... and never more often than this, as when all agents begin with a campaign. */
const LEAST_GAP_MS = 100;

/**
 * When an agent may ask the canaries of a source again: at most once in `intervalMs`, and so seldom that all agents
 * together ask a canary about once a second at the most. What was asked before the coordinator started is not
 * remembered: one round may come early.
 */
export interface CanaryRounds {
  isDue(agent: string, source: string, nowMs: number): boolean;
  /** `agents`: how many ask the same canaries. */
  begun(agent: string, source: string, agents: number, nowMs: number): void;
}

export function createCanaryRounds(intervalMs: number): CanaryRounds {
  const dueMs = new Map<string, number>();
  const key = (agent: string, source: string): string => `${agent} ${source}`;
  const isPast = (of: string, nowMs: number): boolean => nowMs >= (dueMs.get(of) ?? Number.NEGATIVE_INFINITY);
  return {
    isDue: (agent, source, nowMs) => isPast(source, nowMs) && isPast(key(agent, source), nowMs),
    begun(agent, source, agents, nowMs) {
      dueMs.set(source, nowMs + LEAST_GAP_MS);
      dueMs.set(key(agent, source), nowMs + Math.max(intervalMs, agents * FLEET_INTERVAL_MS));
    },
  };
}
