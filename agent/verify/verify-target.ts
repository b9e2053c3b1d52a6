import type { MpCapable } from "../../shared/option/mptcp.js";
import { type ProbeFieldValues, senderKey } from "../../shared/probe/fields.js";
import { handshakePort } from "../../shared/probe/handshake-ports.js";
import type { ReplyMatch } from "../../shared/probe/match.js";
import type { Target } from "../../shared/target/source.js";
import { type DataFacts, handshakeSynVerdict, judgeHandshake } from "../../shared/verdict/handshake.js";
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
  readonly facts: DataFacts;
}

/** From the third ACK to the resets. */
const LIFETIME_MS = 900;
/** Flags A (checksums) and H (HMAC). */
const FLAG_A = 0x80;
const FLAG_H = 0x01;

/** Finds out who speaks MPTCP at a target. Never rejects because of what the target does. */
export async function verifyTarget(task: VerifyTask): Promise<HandshakeEvidence> {
  const { link, variant, fields, patience } = task;
  const log = createSegmentLog();
  const ownKey = senderKey(fields);
  const version = variant === "v0" ? 0 : 1;
  const unknown = { token: fields.keyHigh, nonce: fields.keyLow };
  const joinProbe = version === 0 ? null : await probeJoin(flowFor("join-probe", 0x4000_0000), unknown, patience, log);
  const joinReset = joinProbe?.answer === "mp-tcprst";
  const first = await connectUntilAnswered();
  const facts = first.talked?.facts;
  // A host that finds a wrong checksum in the first data goes back to TCP without a word (RFC 8684 section 3.7), as it
  // does when the option was taken out. Without checksums only the latter happens.
  const isSilentFallBack = joinReset && first.talked?.dataAcked === true && facts?.dssSeen === false;
  const again = isSilentFallBack && !link.isOver ? await connect(false, 0x2000_0000) : null;
  const isAltered = again?.talked?.facts.dataAckRight === true;
  const talked = isAltered ? again?.talked : first.talked;
  const { answer, syn, capable } = first;
  const shown: DataFacts = {
    dataAcked: talked?.dataAcked ?? false,
    dssSeen: talked?.facts.dssSeen ?? false,
    dataAckRight: talked?.facts.dataAckRight ?? false,
    altered: isAltered || (talked?.facts.altered ?? false),
  };
  const judged = judgeHandshake({ ...shown, joinReset, synVerdict: handshakeSynVerdict(variant, syn.verdict) });
  return {
    ...judged,
    facts: shown,
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

  /**
   * Data that nobody acknowledged may have been lost, or was sent too late by a machine that is busy: another connection
   * tells, as another SYN does where one stays without an answer.
   */
  async function connectUntilAnswered() {
    let connected = await connect(true, 0);
    for (let attempt = 1; attempt <= patience.retries && isUnanswered(connected) && !link.isOver; attempt++) {
      const again = await connect(true, attempt * 0x0100_0000);
      if (again.talked === null) break;
      connected = again;
    }
    return connected;
  }

  /** A whole connection, which was reset when this resolves. */
  async function connect(checksumRequired: boolean, offset: number) {
    const flow = flowFor(variant, offset);
    const mptcp = {
      kind: "MP_CAPABLE",
      version,
      checksumRequired,
      extensibility: false,
      noJoin: false,
      algorithms: FLAG_H,
      senderKey: version === 0 ? ownKey : null,
      receiverKey: null,
      dataLength: null,
      checksum: null,
    } as const;
    const answer = await askWithSyn(flow, mptcp, patience);
    const sentFlags = (checksumRequired ? FLAG_A : 0) | FLAG_H;
    const syn =
      answer.kind === "silent"
        ? ({ verdict: "no-reply", receiverKey: null } as const)
        : classifySynReply({ variant, sentKey: () => ownKey, sentFlags }, answer.arrival.packet);
    if (answer.kind === "syn-ack" || answer.kind === "rst") log.add("first", answer.tcp);
    const claim = answer.kind === "syn-ack" ? mptcpOptionsOf(answer.tcp)[0] : undefined;
    const capable = claim?.kind === "MP_CAPABLE" && syn.verdict === `claims-${variant}` ? claim : null;
    const talked =
      answer.kind === "syn-ack" && capable !== null && syn.receiverKey !== null
        ? await talk(flow, syn.receiverKey, answer.rttMs, capable, checksumRequired || capable.checksumRequired)
        : null;
    if (talked === null) await (answer.kind === "syn-ack" ? flow.reset() : flow.close());
    return { answer, syn, capable, talked };
  }

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

  async function talk(flow: Flow, otherKey: bigint, rttMs: number, { noJoin }: MpCapable, hasChecksums: boolean) {
    const nowMs = link.monotonicMs;
    const untilMs = nowMs() + LIFETIME_MS;
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

function isUnanswered({ talked }: { readonly talked: { readonly dataAcked: boolean; facts: ConnectionFacts } | null }) {
  return talked !== null && !talked.dataAcked && !talked.facts.wasReset;
}

const LEAST_WAIT_MS = 150;
const ANNOUNCE_MS = 20;
