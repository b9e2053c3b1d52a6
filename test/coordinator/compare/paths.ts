import type { Hop, Trace, View } from "../../../coordinator/compare/evidence.js";
import type { Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict, ViewVerdict } from "../../../shared/verdict/names.js";

/** A hop that quotes the probe; `changes` are what its quote shows. */
export function quoting(ttl: number, responder: string, changes: readonly string[] = []): Hop {
  return {
    ttl,
    kind: "time-exceeded",
    responder,
    verdict: "",
    mptcp: changes.includes("tcp.option.mptcp.removed") ? "stripped-removed" : "unmodified",
    changes,
    unobservable: [],
    icmpExtensions: [],
    rttUs: 1_000 * ttl,
    replyTtl: 64 - (ttl - 1),
    quotedMss: null,
  };
}

/** A hop that quotes eight bytes: no option is to be seen in it. */
export function quotingShort(ttl: number, responder: string): Hop {
  return {
    ...quoting(ttl, responder),
    mptcp: "unobservable",
    unobservable: ["tcp.option.mptcp", "tcp.option.mss", "tcp.window"],
  };
}

/** The target's own answer. */
export function answering(ttl: number, responder: string, verdict: SynVerdict): Hop {
  return {
    ...quoting(ttl, responder),
    kind: verdict === "rst" ? "rst" : "synack",
    verdict,
    mptcp: "unobservable",
  };
}

export function trace(variant: Variant, ...hops: Hop[]): Trace {
  return { variant, hops };
}

export function view(vantage: string, verdict: ViewVerdict, ...traces: Trace[]): View {
  const syn: SynVerdict =
    verdict === "blocked-on-mptcp" || verdict === "blocked-on-unknown-option" ? "no-reply" : verdict;
  return {
    vantage,
    verdict,
    v0: syn === "claims-v1" ? "plain" : syn,
    v1: syn,
    plain: "plain",
    unknown: "plain",
    traces,
    handshakes: [],
    synAcks: [],
    otherPorts: [],
  };
}
