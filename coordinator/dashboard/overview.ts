import type { HopKind } from "../../shared/batch/rows.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { HostVerdict, Placement } from "../../shared/verdict/names.js";
import type { Alarm } from "../alarm/alarm.js";
import type { AgentReport } from "../alarm/report.js";
import type { CampaignProgress } from "../campaign/progress.js";
import type { IngestStats } from "../ingest/ingest.js";

/** All that changes from second to second. Times are Unix milliseconds. */
export interface Overview {
  readonly version: string;
  readonly nowMs: number;
  readonly ingest: IngestStats;
  readonly agents: readonly AgentReport[];
  /** The oldest first. */
  readonly campaigns: readonly CampaignProgress[];
  readonly alarms: readonly Alarm[];
}

/** Targets of one kind in one compared campaign. */
export interface CampaignClassCount {
  readonly campaign: string;
  readonly port: number;
  readonly hostVerdict: HostVerdict;
  readonly placement: Placement;
  readonly targets: number;
}

/** One answer to a TTL-limited probe with the bytes that it came with, hexadecimal. */
export interface HopEvidence {
  readonly vantage: string;
  readonly variant: Variant;
  readonly ttl: number;
  readonly kind: HopKind;
  readonly responder: string;
  readonly receivedAtMs: number;
  /** The packet that an ICMP error quotes, from its IP header on; empty for TCP. */
  readonly quote: string;
  /** TCP options of a SYN/ACK or RST; empty for ICMP. */
  readonly options: string;
}

/** Where a vantage point is. */
export interface VantagePlace {
  readonly vantage: string;
  readonly agents: readonly string[];
  /** Null where no imported data know an address of it. */
  readonly place: {
    readonly latitude: number;
    readonly longitude: number;
    readonly city: string;
    readonly country: string;
    /** Address that it was looked up by. */
    readonly address: string;
  } | null;
}
