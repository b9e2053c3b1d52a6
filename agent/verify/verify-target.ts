import { type ProbeFieldValues, senderKey } from "../../shared/probe/fields.js";
import { handshakePort } from "../../shared/probe/handshake-ports.js";
import type { ReplyMatch } from "../../shared/probe/match.js";
import type { Target } from "../../shared/target/source.js";
import { judgeHandshake } from "../../shared/verdict/handshake.js";
import type { AfterHandshake, HandshakeVerdict, SynVerdict } from "../../shared/verdict/names.js";
import { classifySynReply } from "../../shared/verdict/syn-reply.js";
import { askWithSyn, type Patience, type SynAnswer } from "./ask.js";
import { type ConnectionFacts, createConnection } from "./connection.js";
import { createSegmentLog, mptcpOptionsOf } from "./evidence.js";
import { createFlow, type Flow } from "./flow.js";
import type { HostLink } from "./host-link.js";
import { type JoinProbe, probeJoin } from "./join-probe.js";
import { openSecondSubflow, type SecondSubflow } from "./second-subflow.js";

export interface VerifyTask {
  readonly link: HostLink;
  /** 16 bytes. */
  readonly source: Uint8Array;
  readonly target: Target;
  readonly variant: HandshakeVariant;
  /** Keyed fields of the target and variant; a copy. */
  readonly fields: ProbeFieldValues;
  readonly patience: Patience;
}

export type HandshakeVariant = Extract<ReplyMatch["variant"], "v0" | "v1">;

/** All that one target showed in one version. */
export interface HandshakeEvidence {
  readonly verdict: HandshakeVerdict;
  readonly after: AfterHandshake | "";
  readonly joinProbe: JoinProbe | null;
  readonly synVerdict: SynVerdict;
  readonly answer: SynAnswer;
  readonly noJoin: boolean;
  readonly checksumRequired: boolean;
  readonly receiverKey: bigint | null;
  readonly connection: ConnectionFacts | null;
  readonly second: SecondSubflow | null;
  readonly segments: readonly string[];
}

/** From the third ACK to the resets. */
const LIFETIME_MS = 900;
/** Flags A and H: checksums show what changes the data on the way. */
const SENT_FLAGS = 0x81;

/** Finds out who speaks MPTCP at a target. Never rejects because of what the target does. */
export async function verifyTarget(task: VerifyTask): Promise<HandshakeEvidence> {
  const { link, variant, fields, patience } = task;
  const log = createSegmentLog();
  const ownKey = senderKey(fields);
  const version = variant === "v0" ? 0 : 1;
  const joinProbe =
    version === 0
      ? null
      : await probeJoin(
          flowFor("join-probe", 0x4000_0000),
          { token: fields.keyHigh, nonce: fields.keyLow },
          patience,
          log,
        );
  const flow = flowFor(variant, 0);
  const answer = await askWithSyn(
    flow,
    {
      kind: "MP_CAPABLE",
      version,
      checksumRequired: true,
      extensibility: false,
      noJoin: false,
      algorithms: 1,
      senderKey: version === 0 ? ownKey : null,
      receiverKey: null,
      dataLength: null,
      checksum: null,
    },
    patience,
  );
  const question = { variant, sentKey: () => ownKey, sentFlags: SENT_FLAGS };
  const syn =
    answer.kind === "silent"
      ? ({ verdict: "no-reply", receiverKey: null } as const)
      : classifySynReply(question, answer.arrival.packet);
  const claim = answer.kind === "syn-ack" ? mptcpOptionsOf(answer.tcp)[0] : undefined;
  const capable = claim?.kind === "MP_CAPABLE" && syn.verdict === `claims-${variant}` ? claim : null;
  if (answer.kind === "syn-ack" || answer.kind === "rst") log.add("first", answer.tcp);

  const talked =
    answer.kind === "syn-ack" && capable !== null && syn.receiverKey !== null
      ? await talk(flow, syn.receiverKey, answer.rttMs, capable.noJoin)
      : null;
  if (talked === null) {
    if (answer.kind === "syn-ack") await flow.reset();
    else flow.close();
  }
  const judged = judgeHandshake({
    joinReset: joinProbe?.answer === "mp-tcprst",
    // A claim of the other version is no answer to this handshake.
    synVerdict: capable === null && syn.verdict.startsWith("claims") ? "malformed" : syn.verdict,
    dataAcked: talked?.dataAcked ?? false,
    dssSeen: talked?.facts.dssSeen ?? false,
    dataAckRight: talked?.facts.dataAckRight ?? false,
    altered: talked?.facts.altered ?? false,
  });
  return {
    ...judged,
    joinProbe,
    synVerdict: syn.verdict,
    answer,
    noJoin: capable?.noJoin ?? false,
    checksumRequired: capable?.checksumRequired ?? false,
    receiverKey: syn.receiverKey,
    connection: talked?.facts ?? null,
    second: talked?.second ?? null,
    segments: log.lines,
  };

  function flowFor(use: Parameters<typeof handshakePort>[0], offset: number): Flow {
    const { target, source } = task;
    return createFlow({
      link,
      source,
      target: target.address,
      port: target.port,
      sourcePort: handshakePort(use, fields.flowLabel),
      sequence: (fields.sequence + offset) >>> 0,
      synUrgency: use === "second-subflow" ? "soon" : "any-time",
    });
  }

  /** The rest of the connection, which was reset when this resolves. */
  async function talk(flow: Flow, otherKey: bigint, rttMs: number, noJoin: boolean) {
    const nowMs = link.monotonicMs;
    const untilMs = nowMs() + LIFETIME_MS;
    const hasChecksums = true;
    const connection = createConnection({ flow, version, ownKey, otherKey, hasChecksums, log });
    const { facts } = connection;
    const waitMs = Math.max(LEAST_WAIT_MS, 2 * rttMs);
    const isProved = (): boolean => facts.dataAckRight;
    await connection.sendRequest();
    await connection.listen(isProved, Math.min(untilMs, nowMs() + waitMs), nowMs);
    if (!isProved() && !facts.wasReset && flow.acked !== "all" && !link.isOver) await connection.sendRequest(true);
    await connection.listen(isProved, Math.min(untilMs, nowMs() + 2 * waitMs), nowMs);
    const dataAcked = flow.acked === "all" || flow.acked === "too-much";
    let second: SecondSubflow | null = null;
    if (isProved() && !facts.wasReset && !link.isOver) {
      await connection.acknowledge();
      // A host that has an address to announce does so now.
      await connection.listen(() => false, Math.min(untilMs, nowMs() + rttMs + ANNOUNCE_MS), nowMs);
      if (!noJoin && !facts.wasReset && !link.isOver) {
        second = await openSecondSubflow({
          flow: flowFor("second-subflow", 0x8000_0000),
          version,
          ownKey,
          otherKey,
          nonce: (fields.keyHigh ^ fields.keyLow) >>> 0,
          rttMs,
          untilMs,
          nowMs,
          log,
          remove: (addressId) => connection.acknowledge({ kind: "REMOVE_ADDR", addressIds: [addressId] }),
        });
      }
      await connection.listen(() => false, Math.min(untilMs, nowMs() + 1), nowMs);
    }
    await flow.reset(isProved() ? { kind: "MP_FASTCLOSE", receiverKey: otherKey } : undefined);
    return { facts, dataAcked, second };
  }
}

const LEAST_WAIT_MS = 150;
const ANNOUNCE_MS = 20;
