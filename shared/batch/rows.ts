import type { Variant } from "../probe/variant.js";
import type { MptcpState, SynVerdict } from "../verdict/names.js";

/** One reply to one SYN. Addresses are 16 bytes, IPv4 mapped. `rttUs` is null where no timestamp came back. */
export interface SynReplyRow {
  readonly table: "syn_replies";
  readonly source: string;
  readonly index: number;
  readonly target: Uint8Array;
  readonly port: number;
  readonly variant: Variant;
  readonly verdict: SynVerdict;
  readonly receivedAtUs: number;
  readonly rttUs: number | null;
  readonly responder: Uint8Array;
  readonly ttl: number;
  readonly tcpFlags: number;
  readonly window: number;
  readonly receiverKey: bigint | null;
  /** Raw option bytes of the reply. */
  readonly options: Uint8Array;
  readonly icmpType: number;
  readonly icmpCode: number;
  /** Raw quoted bytes of an ICMP error, else empty. */
  readonly quote: Uint8Array;
}

/** What answered a TTL-limited probe. */
export type HopKind = "time-exceeded" | "unreachable" | "synack" | "rst";

/** One answer to one TTL-limited SYN. A silent hop has no row. */
export interface TraceHopRow {
  readonly table: "trace_hops";
  readonly source: string;
  readonly index: number;
  readonly target: Uint8Array;
  readonly port: number;
  readonly variant: Variant;
  /** TTL (hop limit) the probe was sent with. */
  readonly ttl: number;
  readonly kind: HopKind;
  readonly responder: Uint8Array;
  readonly receivedAtUs: number;
  readonly rttUs: number | null;
  readonly replyTtl: number;
  /** SYN verdict where the target answered, else empty. */
  readonly verdict: SynVerdict | "";
  /** State of option 30 as quoted; `unobservable` for synack and rst. */
  readonly mptcp: MptcpState;
  /** Condition names such as `tcp.option.mptcp.removed`, sorted. */
  readonly changes: readonly string[];
  /** Field names that the quote is too short to show, sorted. */
  readonly unobservable: readonly string[];
  /** Raw quoted bytes of an ICMP error, else empty. */
  readonly quote: Uint8Array;
  /** Raw option bytes of a SYN/ACK or RST, else empty. */
  readonly options: Uint8Array;
  readonly icmpType: number;
  readonly icmpCode: number;
}

export type FactRow = SynReplyRow | TraceHopRow;
