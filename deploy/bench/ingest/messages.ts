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

/** Sent to either when it has said `ready`: to begin. */
export const GO = "go";

/** What either says when all is committed. */
export interface Done {
  readonly seconds: number;
}
