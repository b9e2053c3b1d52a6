import type { HopKind } from "../../shared/batch/rows.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { MptcpState, SynVerdict, ViewVerdict } from "../../shared/verdict/names.js";

/** One answer to one TTL-limited probe, as the table `trace_hops` has it. Addresses are text. */
export interface Hop {
  readonly ttl: number;
  readonly kind: HopKind;
  readonly responder: string;
  readonly verdict: SynVerdict | "";
  readonly mptcp: MptcpState;
  readonly changes: readonly string[];
  readonly unobservable: readonly string[];
}

/** The answers to one variant's probes toward one target from one vantage point, by ascending TTL. */
export interface Trace {
  readonly variant: Variant;
  readonly hops: readonly Hop[];
}

/** What one vantage point saw of one target: the SYN verdicts and, where it was traced, the paths. */
export interface View {
  readonly vantage: string;
  readonly verdict: ViewVerdict;
  readonly v0: SynVerdict;
  readonly v1: SynVerdict;
  readonly plain: SynVerdict;
  readonly unknown: SynVerdict;
  readonly traces: readonly Trace[];
}

/**
 * A change on a path and where it happened: after the hop that still showed the field as sent (null: none did, so right
 * behind the vantage point) and before the first hop that showed it changed.
 */
export interface PathChange {
  readonly vantage: string;
  readonly variant: Variant;
  /** Condition name, such as `tcp.option.mptcp.removed`. */
  readonly condition: string;
  readonly afterTtl: number;
  readonly after: string | null;
  readonly beforeTtl: number;
  readonly before: string;
  /** TTL at which the target answered; 0 when it never did. */
  readonly pathLength: number;
}
