/** Version of the session protocol (proto/parallax/agent/v1/session.proto) that this tree speaks. */
export const SESSION_PROTOCOL = 1;

/** Largest session message either side takes; a grant on a list of 65,536 IPv6 targets is about 1.8 MB. */
export const MAX_SESSION_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Most targets in one grant on a list, so that the grant stays well below `MAX_SESSION_MESSAGE_BYTES`. */
export const MAX_LISTED_TARGETS = 65_536;

/** How often agents report, and what silence means. All in milliseconds. */
export interface SessionTiming {
  readonly heartbeatIntervalMs: number;
  /** A lease that its agent has not listed for so long is given to another agent. */
  readonly leaseTtlMs: number;
  /** An agent without an acknowledgement for so long sends no probe; must be below `leaseTtlMs`. */
  readonly stopAfterMs: number;
}

export const DEFAULT_TIMING: SessionTiming = { heartbeatIntervalMs: 1_000, leaseTtlMs: 15_000, stopAfterMs: 10_000 };

/**
 * Names of agents and vantage points: they become tokens of broker subjects, so no dots, blanks or wildcards.
 */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(text);
}
