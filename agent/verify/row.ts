import type { HandshakeRow } from "../../shared/batch/rows.js";
import type { Target } from "../../shared/target/source.js";
import { factNames } from "../../shared/verdict/handshake.js";
import type { HandshakeEvidence, HandshakeVariant } from "./verify-target.js";

export interface HandshakeFactsOfRow {
  readonly source: string;
  readonly index: number;
  readonly target: Target;
  readonly variant: HandshakeVariant;
  readonly evidence: HandshakeEvidence;
}

/** The row of one target and version; null when nothing at all came back. */
export function handshakeRow({ source, index, target, variant, evidence }: HandshakeFactsOfRow): HandshakeRow | null {
  const { answer, joinProbe, connection, second } = evidence;
  if (answer.kind === "silent" && (joinProbe === null || joinProbe.answer === "silent")) return null;
  const arrival = "arrival" in answer ? answer.arrival : null;
  const tcp = "tcp" in answer ? answer.tcp : null;
  return {
    table: "handshakes",
    source,
    index,
    target: target.address.slice(),
    port: target.port,
    variant,
    verdict: evidence.verdict,
    after: evidence.after,
    synVerdict: evidence.synVerdict,
    joinProbe: joinProbe?.answer ?? "",
    joinProbeReason: joinProbe?.reason ?? null,
    join: second?.verdict ?? "",
    joinReason: second?.reason ?? null,
    joinRemoval: second?.removal ?? "",
    noJoin: evidence.noJoin,
    checksumRequired: evidence.checksumRequired,
    receiverKey: evidence.receiverKey,
    addresses: connection?.addresses ?? [],
    resetReason: connection?.resetReason ?? null,
    receivedAtUs: arrival?.capturedUs ?? joinProbe?.capturedUs ?? 0,
    rttUs: "rttMs" in answer ? Math.round(answer.rttMs * 1000) : null,
    responder: arrival?.packet.ip.source.slice() ?? target.address.slice(),
    ttl: arrival?.packet.ip.ttl ?? 0,
    options: tcp?.options.slice() ?? new Uint8Array(0),
    segments: evidence.segments,
    facts: factNames(evidence.facts),
  };
}
