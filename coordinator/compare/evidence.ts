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
  readonly rttUs: number | null;
  /** TTL or hop limit that the answer arrived with. */
  readonly replyTtl: number;
  /** Maximum segment size that the quote shows, where it is not the one sent. */
  readonly quotedMss: number | null;
}

/** The answers to one variant's probes toward one target from one vantage point, by ascending TTL. */
export interface Trace {
  readonly variant: Variant;
  readonly hops: readonly Hop[];
}

/** The SYN/ACK that the SYN scan got for one variant. */
export interface SynAck {
  readonly variant: Variant;
  readonly replyTtl: number;
  readonly window: number;
  /** Kinds of its options, padding left out. */
  readonly optionKinds: readonly number[];
}

/** The path to the same address on another port: hops of the control's trace, by ascending TTL. */
export interface OtherPort {
  readonly port: number;
  readonly hops: readonly Pick<Hop, "ttl" | "kind" | "responder">[];
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

/** What one vantage point saw of one target: the SYN verdicts and, where it went on, handshakes and paths. */
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
  /** Of a target that was traced. */
  readonly synAcks: readonly SynAck[];
  readonly otherPorts: readonly OtherPort[];
}

/** What the scan got for a variant. */
export function scanned(view: View, variant: Variant): SynVerdict {
  return variant === "unknown-option" ? view.unknown : view[variant];
}

/**
 * A change on a path and where it happened: after the hop that still showed the field as sent (null: none did, so right
 * behind the vantage point) and before the first hop that showed it changed.
 */
export interface LocatedChange {
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
  /** The new value of a changed maximum segment size. */
  readonly mss: number | null;
}

/** A change with what all paths together say of its interval and of the box in it. */
export interface PathChange extends LocatedChange {
  /** Traces that show it at the same hop, from any vantage point. */
  readonly traces: number;
  /** Hops in the interval that say neither: silent, or quoting too little. */
  readonly openHops: number;
  /** 0 to 1: how well the two ends of the interval are established. */
  readonly confidence: number;
  /** Names of the fingerprints that the box in the interval matches. */
  readonly fingerprints: readonly string[];
}
