/** What the coordinator of the bench is told. */
export interface CoordinatorTask {
  readonly broker: string;
  /** Data folder with the authority and the agents that are enrolled. */
  readonly identity: string;
  /** For its hitlists, and `coverage.ndjson` with what the store is given. */
  readonly folder: string;
  /** The campaign's file; it starts when so many agents are there. */
  readonly campaign: string;
  readonly agents: number;
}

/** What it answers, in this order; `progress` once a second. */
export type FromCoordinator =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "started"; readonly size: number }
  | {
      readonly kind: "progress";
      readonly connected: number;
      readonly committed: number;
      readonly leased: number;
      readonly writes: number;
      readonly writtenBytes: number;
      /** Longest time that its event loop did not turn since the last message. */
      readonly longestTurnMs: number;
      /** Those since the last message, from the agent's last heartbeat on. */
      readonly grants: readonly GrantTiming[];
    }
  | { readonly kind: "finished" };

/** Sent to the agents at the end. */
export const STOP = "stop";

/** What a process of agents is told. */
export interface AgentsTask {
  /** `host:port` */
  readonly address: string;
  /** Folder with a folder for each agent's identity. */
  readonly identities: string;
  readonly first: number;
  readonly count: number;
  /** Which life of these agents this is, and which of their disk. */
  readonly life: number;
  readonly disk: number;
  /** Where `epoch from sent` is written for every lease; the last line of an epoch counts. */
  readonly ledger: string;
  /** Writes the ledger at each step, so that a killed process leaves it whole. */
  readonly fragile: boolean;
  readonly maxPps: number;
}

/** A grant as one side met it. */
export interface GrantTiming {
  /** Unix time in milliseconds at which it came or went. */
  readonly atMs: number;
  /** At the agent since the heartbeat was made that showed room for it, at the coordinator since it came. */
  readonly latencyMs: number;
  readonly to: number;
}

export type FromAgents =
  | { readonly kind: "grants"; readonly grants: readonly GrantTiming[]; readonly longestTurnMs: number }
  | { readonly kind: "stopped"; readonly packets: number };
