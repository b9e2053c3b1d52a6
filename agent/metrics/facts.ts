import type { ProcessFacts } from "../../shared/metrics/process.js";
import type { ClockDifference } from "../../shared/selftest/self-test.js";
import type { GateReason } from "../lease/gate.js";
import type { NetworkStats } from "../lease/probing.js";
import type { PublisherStats } from "../publish/publisher.js";
import type { SpoolFacts } from "../spool/spool.js";

/** How an agent is now; counters are since it began. Read where they are: nothing is kept for metrics alone. */
export interface AgentFacts {
  readonly process: ProcessFacts;
  readonly agent: string;
  readonly vantage: string;
  /** Empty while no packet can be sent. */
  readonly driver: string;
  readonly nowMs: number;
  readonly connected: boolean;
  readonly network: NetworkStats;
  /** The agent's own cap. */
  readonly packetsPerSecond: number;
  readonly leases: number;
  /** Null while it may send. */
  readonly shut: GateReason | null;
  /** How often the gate was shut. */
  readonly gatePauses: Readonly<Record<GateReason, number>>;
  readonly spool: SpoolFacts & { readonly maxBytes: number; readonly freeBytes: number | null };
  readonly publisher: PublisherStats;
  readonly certificateExpiresMs: number;
  readonly clock: ClockDifference | null;
  /** Null: not over yet. */
  readonly selfTestPassed: boolean | null;
  /** Parts that are not in order. */
  readonly troubles: number;
}
