import type { AgentIdentity } from "../../../agent/identity/identity.js";

/** What the program agent.ts is told: a spool that is full of batches, and where to. */
export interface AgentTask {
  readonly spool: string;
  readonly broker: string;
  readonly identity: AgentIdentity;
}

/** What the program engine.ts is told: the folder of a warehouse that is not running, and blocks as ingest inserts them. */
export interface EngineTask {
  /** Of the warehouse. */
  readonly folder: string;
  readonly database: string;
  /** Files, in memory, each with one Native block; the token is its name. */
  readonly blocks: readonly string[];
  /** Inserts at a time. */
  readonly connections: number;
}

/** What the program soak-agents.ts is told: agents that make rows, in all so many a second. */
export interface SoakTask {
  /** Has a folder for the spool of each. */
  readonly folder: string;
  readonly broker: string;
  readonly identities: readonly AgentIdentity[];
  readonly rowsPerSecond: number;
  /** At the end, the longest that commit notices are waited for. */
  readonly endWithinMs: number;
}

/** What it says every second, and before it says `stopped`. */
export interface SoakCounts {
  /** Of batches that are cut, since it began. */
  readonly rows: number;
  readonly batches: number;
  readonly committedRows: number;
  readonly committedBatches: number;
  /** Since the last message: from the cut of a batch to its commit notice, with its rows. */
  readonly lags: readonly (readonly [ms: number, rows: number])[];
}

/** Sent to any of them when it has said `ready`: to begin. */
export const GO = "go";

/** What either says when all is committed. */
export interface Done {
  readonly seconds: number;
  /** Of all its threads, since it was told to begin. */
  readonly cpuSeconds: number;
}

/** Sent to soak-agents.ts: to make no more rows and end when all are committed. */
export const STOP = "stop";
