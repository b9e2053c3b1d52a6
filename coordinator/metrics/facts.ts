import type { ProcessFacts } from "../../shared/metrics/process.js";
import type { Alarm } from "../alarm/alarm.js";
import type { CampaignProgress } from "../campaign/progress.js";
import type { IngestStats } from "../ingest/ingest.js";
import type { AgentView } from "../session/fleet.js";

/** A stream of the broker. */
export interface StreamFacts {
  readonly messages: number;
  readonly bytes: number;
  readonly limitBytes: number;
  /** When its oldest message came, in Unix milliseconds; null: it has none. */
  readonly oldestMs: number | null;
}

export interface BrokerFacts {
  /** Batches on their way, and those that cannot be inserted. */
  readonly rows: StreamFacts;
  readonly dead: StreamFacts;
  /** Given to an ingest and not acknowledged; of those, how many were given before. */
  readonly ackPending: number;
  readonly redelivered: number;
}

export interface WarehouseFacts {
  readonly uptimeSeconds: number;
  /** Since the engine began. */
  readonly queries: number;
  readonly inserts: number;
  readonly failed: number;
  readonly running: number;
  readonly merges: number;
  readonly memoryBytes: number;
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[];
}

/** What ingest and the broker say: the part that `parallax ingest` has too. */
export interface IngestFacts {
  readonly process: ProcessFacts;
  readonly nowMs: number;
  readonly ingest: IngestStats;
  /** Null: the broker does not answer. */
  readonly broker: BrokerFacts | null;
}

/** How a coordinator is now. Null: that part did not answer in time. */
export interface CoordinatorFacts extends IngestFacts {
  readonly agents: readonly AgentView[];
  /** End of each agent's newest certificate, in Unix milliseconds. */
  readonly agentCertificates: ReadonlyMap<string, number>;
  readonly campaigns: readonly CampaignProgress[];
  readonly alarms: readonly Alarm[];
  readonly optOuts: number;
  readonly warehouse: WarehouseFacts | null;
  readonly disk: { readonly freeBytes: number; readonly bytes: number } | null;
  /** Ends of the coordinator's own, in Unix milliseconds. */
  readonly certificates: { readonly authority: number; readonly server: number };
}
