import { STAGES, type Variant } from "../probe/variant.js";
import type { Ipv4Range } from "../target/ranges.js";
import type { Target } from "../target/source.js";
import type { TimingPlan } from "../timing/pace.js";

/** What agents do for a coordinator: probes of their own, or connections of the system's sockets. */
export const WORK_STAGES = [...STAGES, "timing"] as const;
export type WorkStage = (typeof WORK_STAGES)[number];

/** What to do with the indices of one target source. */
export interface WorkPlan {
  /** `planId(campaign, source)`. */
  readonly plan: string;
  readonly campaign: string;
  readonly stage: WorkStage;
  /** 16 bytes. */
  readonly secret: Uint8Array;
  readonly ports: readonly number[];
  readonly variants: readonly Variant[];
  /** Option profile, for instance "linux". */
  readonly options: string;
  /** This agent's share of the campaign's rate. */
  readonly packetsPerSecond: number;
  readonly retries: number;
  readonly replyWindowMs: number;
  /** tracebox: highest TTL to try; 0 in synscan. */
  readonly maxTtl: number;
  /** This agent's share of what one network may get; null: no budget. */
  readonly perPrefix: PrefixShare | null;
  /** tracebox: this agent's share of the probes per second that one router gets to answer; null: as many as come. */
  readonly routerPacketsPerSecond: number | null;
  /** timing; null in every other stage. */
  readonly timing: TimingPlan | null;
  readonly source: PlannedSource;
}

/** At most so many packets per second to each prefix of these lengths (IPv4 0 to 32, IPv6 0 to 64). */
export interface PrefixShare {
  readonly v4: number;
  readonly v6: number;
  readonly packetsPerSecond: number;
}

/** `space`: index -> permutation -> address by rank and port. `list`: the grants carry the targets. */
export type PlannedSource =
  | { readonly kind: "space"; readonly ranges: readonly Ipv4Range[]; readonly permutationKey: Uint8Array }
  | { readonly kind: "list"; readonly size: number };

/** Indices `[from, to)` of a plan's source, for one agent. `epoch` is Unix milliseconds at the least, and increases. */
export interface WorkGrant {
  readonly lease: string;
  readonly epoch: number;
  readonly plan: string;
  readonly from: number;
  readonly to: number;
  /** List sources only: the targets of index from, from + 1, ... */
  readonly targets: readonly Target[];
}

/** Absolute indices in a lease's `[from, to]`: everything below the mark is sent, done or committed. */
export interface LeaseMarks {
  readonly lease: string;
  readonly epoch: number;
  readonly sent: number;
  readonly done: number;
  readonly committed: number;
  /**
   * The lease was given up from here on, at or after `done`: nothing of it is sent any more, and nothing at or beyond `sent`
   * was.
   */
  readonly endsAt?: number;
}

export interface AgentStats {
  readonly packetsSent: number;
  readonly replies: number;
  readonly kernelDrops: number;
  readonly sendErrors: number;
  readonly packetsPerSecond: number;
  readonly spoolBytes: number;
  /** Empty when there was none. */
  readonly lastError: string;
}

/** A plan's id says which campaign and target source it is: `<campaign>/<source>`. */
export function planId(campaign: string, source: string): string {
  return `${campaign}/${source}`;
}

/** The target source's id in a plan's id, as rows carry it: `weekly-…/synscan/v4/80` -> `synscan/v4/80`. */
export function sourceOfPlan(plan: string): string {
  return plan.slice(plan.indexOf("/") + 1);
}
