import type { Variant } from "../probe/variant.js";
import type { MptcpState as ConnectionState, RobotsVerdict, TimingOutcome, Transport } from "../timing/names.js";
import type { AfterHandshake, HandshakeVerdict, JoinVerdict, MptcpState, SynVerdict } from "../verdict/names.js";

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
  /** First bit of the quote that differs from the probe (see `QuoteDiff`); null where none does, and without a quote. */
  readonly firstDifferenceBit: number | null;
  /** What the router told behind its quote, such as `mpls label=24001 exp=0 s=1 ttl=1`. */
  readonly icmpExtensions: readonly string[];
  /** Source address of the probe. */
  readonly sentFrom: Uint8Array;
}

/** What an MP_JOIN with an unknown token got back; empty where none was sent (version 0). */
export type JoinProbeAnswer = "mp-tcprst" | "rst" | "syn-ack" | "unreachable" | "silent" | "";

/** One handshake with one target in one MPTCP version. A target that stayed silent throughout has no row. */
export interface HandshakeRow {
  readonly table: "handshakes";
  readonly source: string;
  readonly index: number;
  readonly target: Uint8Array;
  readonly port: number;
  readonly variant: "v0" | "v1";
  readonly verdict: HandshakeVerdict;
  readonly after: AfterHandshake | "";
  /** Of the answer to the SYN with MP_CAPABLE. */
  readonly synVerdict: SynVerdict;
  readonly joinProbe: JoinProbeAnswer;
  /** Reasons are those of MP_TCPRST (RFC 8684 section 3.6); null where there was none. */
  readonly joinProbeReason: number | null;
  /** Of the second subflow; empty where none was tried or there was no time to tell. */
  readonly join: JoinVerdict | "";
  readonly joinReason: number | null;
  /** Whether the host closed the second subflow after REMOVE_ADDR; empty where that was not asked. */
  readonly joinRemoval: "removed" | "kept" | "";
  /** Flags C and A of the host's MP_CAPABLE. */
  readonly noJoin: boolean;
  readonly checksumRequired: boolean;
  readonly receiverKey: bigint | null;
  /** Addresses announced by ADD_ADDR, as text with their ids, `unsigned` where the HMAC is wrong. */
  readonly addresses: readonly string[];
  /** Of the MP_TCPRST that ended the first subflow. */
  readonly resetReason: number | null;
  /** Of the answer to MP_CAPABLE, or where there was none to MP_JOIN. */
  readonly receivedAtUs: number;
  readonly rttUs: number | null;
  readonly responder: Uint8Array;
  readonly ttl: number;
  /** Raw option bytes of the SYN/ACK or RST. */
  readonly options: Uint8Array;
  /** The host's segments: connection, flags, bytes of data, options in hexadecimal digits. */
  readonly segments: readonly string[];
  /** Names of the facts about data that the verdict follows from, `none` where none held. */
  readonly facts: readonly string[];
}

/**
 * One connection that fetched a page: run 0 is robots.txt, runs from 1 on are `/`, each over both transports. Times are
 * microseconds from the beginning of the connection, null for what was not reached; texts are empty for what was not told.
 */
export interface WebTimingRow {
  readonly table: "web_timings";
  readonly source: string;
  readonly index: number;
  readonly target: Uint8Array;
  readonly port: number;
  readonly scheme: "http" | "https";
  readonly transport: Transport;
  readonly run: number;
  readonly path: string;
  readonly outcome: TimingOutcome;
  /** The system's or the library's word for what went wrong. */
  readonly detail: string;
  /** HTTP status; 0 without a response. */
  readonly status: number;
  readonly startedAtUs: number;
  readonly connectUs: number | null;
  /** After the TLS handshake, where there is one. */
  readonly pretransferUs: number | null;
  readonly firstByteUs: number | null;
  readonly totalUs: number | null;
  readonly bodyBytes: number;
  readonly mptcp: ConnectionState;
  /** Of an MPTCP connection; 0 for TCP and after a fallback. */
  readonly subflows: number;
  /** Where a redirect led to; it is not followed. */
  readonly location: string;
  readonly server: string;
  /** Of robots.txt only. */
  readonly robots: RobotsVerdict | "";
  readonly tlsVersion: string;
  /** SHA-256 of the certificate in hexadecimal digits. */
  readonly certificate: string;
  readonly certificateSubject: string;
  readonly certificateIssuer: string;
  /** RFC 3339, UTC. */
  readonly certificateFrom: string;
  readonly certificateTo: string;
  /** Why the certificate is not to be trusted; nothing follows from it. */
  readonly certificateError: string;
}

/** Why a target was left out when its turn came: it has opted out, or the agent's own file leaves it out. */
export type SkipReason = "opt-out" | "blocklist";

/** One target of a lease that was not asked at all. */
export interface TargetSkipRow {
  readonly table: "target_skips";
  readonly source: string;
  readonly index: number;
  readonly target: Uint8Array;
  readonly port: number;
  readonly reason: SkipReason;
}

/** What a packet told. */
export type EvidenceRow = SynReplyRow | TraceHopRow | HandshakeRow;

export type FactRow = EvidenceRow | WebTimingRow | TargetSkipRow;
