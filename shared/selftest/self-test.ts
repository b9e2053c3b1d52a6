/** What an agent found out about itself and its place before it takes work. */
export interface SelfTest {
  /** Unix milliseconds by the agent's clock. */
  readonly testedMs: number;
  /** What is wrong and what to do about it, one line; empty: it is fit to work. */
  readonly problem: string;
  /** `xdp`, `packet`, `portable` or `sim`; empty where packets cannot be sent at all. */
  readonly driver: string;
  /** Why that one. */
  readonly driverReason: string;
  /** Null where the coordinator's clock is not known. */
  readonly clock: ClockDifference | null;
  /** Null where no target was named to look for them. */
  readonly exit: ExitHops | null;
  /** Of the disk that the spool is on, and what the agent's file lets the spool take. */
  readonly spoolFreeBytes: number;
  readonly spoolMaxBytes: number;
  readonly fidelity: Fidelity;
}

/** `offsetUs` added to the agent's clock gives the coordinator's; it is right to half the round trip. Microseconds. */
export interface ClockDifference {
  readonly offsetUs: number;
  readonly roundTripUs: number;
}

/** The first hops on the way to a target, from TTL 1 on; null where one is silent. Addresses have 16 bytes. */
export interface ExitHops {
  readonly target: Uint8Array;
  readonly hops: readonly (Uint8Array | null)[];
}

export const FIDELITY_STATES = ["clean", "changed", "unknown"] as const;
export type FidelityState = (typeof FIDELITY_STATES)[number];

/** Whether SYNs arrive at another agent as they were sent: a box on the vantage point's own doorstep changes them. */
export interface Fidelity {
  readonly state: FidelityState;
  /** The agent that they were sent to; empty: none. */
  readonly reference: string;
  /** Condition names, sorted, such as `tcp.option.mptcp.nop`. */
  readonly changes: readonly string[];
  /** What is not known, and why; may be empty. */
  readonly reason: string;
  readonly syns: readonly ArrivedSyn[];
}

/** One SYN on both sides, from its IP header on; null: it did not arrive. */
export interface ArrivedSyn {
  readonly sent: Uint8Array;
  readonly received: Uint8Array | null;
}

/** The state of fidelity where nobody was asked. */
export function unknownFidelity(reference: string, reason: string): Fidelity {
  return { state: "unknown", reference, changes: [], reason, syns: [] };
}

/** `unknown` without a reference, as `changed (tcp.option.mptcp.nop)`, or with the reason. */
export function fidelityText({ state, changes, reason }: Pick<Fidelity, "state" | "changes" | "reason">): string {
  if (state === "changed") return `changed (${changes.join(", ")})`;
  return reason === "" ? state : `${state} (${reason})`;
}

/** SYNs of one self-test at most: two families, two ports, four variants, and as many again. */
export const MOST_SYNS = 32;
/** Longer than any SYN that a probe can become on its way. */
export const MOST_SYN_BYTES = 256;
/** Ports and source addresses that one exchange with a reference may have. */
export const MOST_EXCHANGE_PORTS = 2;
export const MOST_EXCHANGE_ADDRESSES = 4;
/** How long a reference listens, in milliseconds: for three tries of each SYN, a second apart, and the way. */
export const LISTEN_MS = 8_000;
