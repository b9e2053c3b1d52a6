import type { HopKind } from "../../shared/batch/rows.js";
import type { Variant } from "../../shared/probe/variant.js";
import type {
  AfterHandshake,
  HandshakeVerdict,
  JoinVerdict,
  MptcpState,
  SynVerdict,
  ViewVerdict,
} from "../../shared/verdict/names.js";

/** One answer to one TTL-limited probe, as the table `trace_hops` has it. Addresses are text. */
export interface Hop {
  readonly ttl: number;
  readonly kind: HopKind;
  readonly responder: string;
  readonly verdict: SynVerdict | "";
  readonly mptcp: MptcpState;
  readonly changes: readonly string[];
  readonly unobservable: readonly string[];
  /** What the router told behind its quote: MPLS labels, interfaces. */
  readonly icmpExtensions: readonly string[];
}

/** The answers to one variant's probes toward one target from one vantage point, by ascending TTL. */
export interface Trace {
  readonly variant: Variant;
  readonly hops: readonly Hop[];
}

/** What a handshake in one MPTCP version came to, as the table `handshakes` has it. */
export interface Handshake {
  readonly variant: "v0" | "v1";
  readonly verdict: HandshakeVerdict;
  readonly after: AfterHandshake | "";
  readonly join: JoinVerdict | "";
  /** Flag C of the host's MP_CAPABLE: no further subflows to this address. */
  readonly noJoin: boolean;
  /** Announced by ADD_ADDR, as text with their ids. */
  readonly addresses: readonly string[];
}

/** What one vantage point saw of one target: the SYN verdicts and, where it went on, the handshakes and the paths. */
export interface View {
  readonly vantage: string;
  readonly verdict: ViewVerdict;
  readonly v0: SynVerdict;
  readonly v1: SynVerdict;
  readonly plain: SynVerdict;
  readonly unknown: SynVerdict;
  readonly traces: readonly Trace[];
  /** At most one for each version, v0 first. */
  readonly handshakes: readonly Handshake[];
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
