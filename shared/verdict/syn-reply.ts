import { decodeTcpOptions, OPTION_EXPERIMENT, OPTION_MPTCP } from "../option/tcp-options.js";
import type { Packet } from "../packet/decode.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../packet/tcp.js";
import type { Variant } from "../probe/variant.js";
import type { SynVerdict } from "./names.js";

/** Goes into every row: verdicts of different versions are not mixed in one comparison. */
export const RULE_VERSION = 1;

/** The probe's side of the question. */
export interface SynQuestion {
  readonly variant: Variant;
  /** The 64-bit key that a v0 probe carried. */
  readonly sentKey: bigint;
  /** Flags of the probe's MP_CAPABLE. */
  readonly sentFlags: number;
  readonly packet: Packet;
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
export function classifySynReply({ variant, sentKey, sentFlags, packet }: SynQuestion): SynAnswer {
  if (packet.kind !== "tcp") return verdict("unreachable");
  if ((packet.tcp.flags & TCP_RST) !== 0) return verdict("rst");
  if ((packet.tcp.flags & (TCP_SYN | TCP_ACK)) !== (TCP_SYN | TCP_ACK)) return verdict("malformed");
  const { options, malformed } = decodeTcpOptions(packet.tcp.options);
  const mptcp = options.filter((option) => option.kind === OPTION_MPTCP);
  const [first] = mptcp;
  if (first === undefined) {
    if (malformed[0] === OPTION_MPTCP) return verdict("malformed");
    const mirrored = variant === "unknown-option" && options.some((option) => option.kind === OPTION_EXPERIMENT);
    return verdict(mirrored ? "echo" : "plain");
  }
  if (mptcp.length > 1) return verdict("malformed");
  if (variant === "v0") return answerToV0(first.bytes, sentKey, sentFlags);
  if (variant === "v1") return answerToV1(first.bytes, sentFlags);
  return verdict("malformed");
}

function answerToV0(option: Uint8Array, sentKey: bigint, sentFlags: number): SynAnswer {
  if (subtype(option) !== CAPABLE) return verdict("malformed");
  if (option.length === LENGTH_WITHOUT_KEY) return verdict("altered-echo");
  if (option.length !== LENGTH_WITH_KEY) return verdict("malformed");
  const key = keyOf(option);
  if (key === sentKey) return verdict(option[3] === sentFlags && version(option) === 0 ? "echo" : "altered-echo");
  return version(option) === 0 ? { verdict: "claims-v0", receiverKey: key } : verdict("malformed");
}

function answerToV1(option: Uint8Array, sentFlags: number): SynAnswer {
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

function subtype(option: Uint8Array): number {
  return (option[2] ?? 0) >>> 4;
}

function version(option: Uint8Array): number {
  return (option[2] ?? 0) & 0x0f;
}

function keyOf(option: Uint8Array): bigint {
  let key = 0n;
  for (let i = 4; i < LENGTH_WITH_KEY; i++) key = (key << 8n) | BigInt(option[i] ?? 0);
  return key;
}
