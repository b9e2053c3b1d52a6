/** What timing costs, as agents keep to it and coordinators plan by it. */

/** Hosts that one engine times at the same time, at most: with more they would wait for each other at the agent. */
export const HOSTS_AT_A_TIME = 32;

/** Between two connections to a host, from the end of one to the beginning of the next. */
export const BETWEEN_CONNECTIONS_MS = 1000;

/** What one connection may take of a rate: handshakes, a request, acknowledgements of the body, the end. */
export const PACKETS_PER_CONNECTION = 32;

/** How one target is timed. */
export interface TimingPlan {
  /** How often the page is fetched over each transport. */
  readonly runs: number;
  /** For each connection. */
  readonly timeoutMs: number;
  readonly bodyLimitBytes: number;
  readonly httpsPorts: readonly number[];
}

/** robots.txt, and the page over both transports. */
export function connectionsOf({ runs }: Pick<TimingPlan, "runs">): number {
  return 2 * runs + 1;
}

/** Targets that one agent gets done in a second, when connections take no time. */
export function targetsPerSecond(plan: Pick<TimingPlan, "runs">): number {
  return HOSTS_AT_A_TIME / ((connectionsOf(plan) * BETWEEN_CONNECTIONS_MS) / 1000);
}
