import { OPTION_END, OPTION_EXPERIMENT, OPTION_MPTCP, OPTION_NOP } from "../option/tcp-options.js";
import type { Packet } from "../packet/decode.js";
import { createSegment, type Segment, segmentOf } from "../packet/segment.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../packet/tcp.js";
import type { Variant } from "../probe/variant.js";
import type { SynVerdict } from "./names.js";

/** The probe's side of the question. */
export interface SynQuestion {
  readonly variant: Variant;
  /** The 64-bit key that a v0 probe carried; asked for only when it matters. */
  readonly sentKey: () => bigint;
  /** Flags of the probe's MP_CAPABLE. */
  readonly sentFlags: number;
}

export interface SynAnswer {
  readonly verdict: SynVerdict;
  /** The host's own key, where it claims to speak MPTCP. */
  readonly receiverKey: bigint | null;
}

const CAPABLE = 0;
/** RFC 6824 section 3.1 and RFC 8684 section 3.1: a SYN/ACK carries the receiver's key. */
const LENGTH_WITH_KEY = 12;
/** RFC 8684 section 3.1: the SYN of version 1 carries no key, so neither does its echo. */
const LENGTH_WITHOUT_KEY = 4;

/**
 * Classifies the answer to one SYN, once it is known to be its answer.
 *
 * A genuine v0 host answers with a key of its own; the sender's own key is an echo. A v1 SYN carries no key, so there a
 * genuine answer has 12 bytes and the 4-byte form is an echo: reading eight key bytes whatever the length would take it
 * for a host. An MPTCP option in the answer to a control is nobody's echo and nobody's right answer: `malformed`.
 */
export function classifySynReply(question: SynQuestion, packet: Packet): SynAnswer {
  if (packet.kind !== "tcp") return UNREACHABLE;
  return classifySegment(question, segmentOf(packet.ip, packet.tcp, createSegment()));
}

/** What of a segment decides. */
export type AnsweringSegment = Pick<Segment, "flags" | "bytes" | "optionsAt" | "optionsEnd">;

/** The same for a segment of the receive loop, or what was kept of one. */
export function classifySegment(question: SynQuestion, segment: AnsweringSegment): SynAnswer {
  const { flags, bytes, optionsAt, optionsEnd } = segment;
  if ((flags & TCP_RST) !== 0) return RST;
  if ((flags & (TCP_SYN | TCP_ACK)) !== (TCP_SYN | TCP_ACK)) return MALFORMED;
  const { variant } = question;
  let mptcpAt = -1;
  let hasExperiment = false;
  let at = optionsAt;
  while (at < optionsEnd) {
    const kind = bytes[at] as number;
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = at + 1 < optionsEnd ? (bytes[at + 1] as number) : 0;
    if (length < 2 || at + length > optionsEnd) {
      // An option that is cut off or has an impossible length: nothing behind it can be read.
      if (kind === OPTION_MPTCP && mptcpAt < 0) return MALFORMED;
      break;
    }
    if (kind === OPTION_MPTCP) {
      if (mptcpAt >= 0) return MALFORMED;
      mptcpAt = at;
    }
    hasExperiment ||= kind === OPTION_EXPERIMENT;
    at += length;
  }
  if (mptcpAt < 0) return variant === "unknown-option" && hasExperiment ? ECHO : PLAIN;
  if (variant !== "v0" && variant !== "v1") return MALFORMED;
  const option = bytes.subarray(mptcpAt, mptcpAt + (bytes[mptcpAt + 1] as number));
  return variant === "v0" ? answerToV0(option, question) : answerToV1(option, question);
}

function answerToV0(option: Uint8Array, { sentKey, sentFlags }: SynQuestion): SynAnswer {
  if (subtype(option) !== CAPABLE) return verdict("malformed");
  if (option.length === LENGTH_WITHOUT_KEY) return verdict("altered-echo");
  if (option.length !== LENGTH_WITH_KEY) return verdict("malformed");
  const key = keyOf(option);
  if (key === sentKey()) return verdict(option[3] === sentFlags && version(option) === 0 ? "echo" : "altered-echo");
  return version(option) === 0 ? { verdict: "claims-v0", receiverKey: key } : verdict("malformed");
}

function answerToV1(option: Uint8Array, { sentFlags }: SynQuestion): SynAnswer {
  if (subtype(option) !== CAPABLE) return verdict("malformed");
  if (option.length === LENGTH_WITHOUT_KEY) {
    return verdict(option[3] === sentFlags && version(option) === 1 ? "echo" : "altered-echo");
  }
  if (option.length !== LENGTH_WITH_KEY) return verdict("malformed");
  const receiverKey = keyOf(option);
  if (version(option) === 1) return { verdict: "claims-v1", receiverKey };
  return version(option) === 0 ? { verdict: "claims-v0", receiverKey } : verdict("malformed");
}

function verdict(name: SynVerdict): SynAnswer {
  return { verdict: name, receiverKey: null };
}

const UNREACHABLE = verdict("unreachable");
const RST = verdict("rst");
const MALFORMED = verdict("malformed");
const ECHO = verdict("echo");
const PLAIN = verdict("plain");

function subtype(option: Uint8Array): number {
  return (option[2] ?? 0) >>> 4;
}

function version(option: Uint8Array): number {
  return (option[2] ?? 0) & 0x0f;
}

function keyOf(option: Uint8Array): bigint {
  return (BigInt(word(option, 4)) << 32n) | BigInt(word(option, 8));
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
