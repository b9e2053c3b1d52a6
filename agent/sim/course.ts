import { addressFamily, formatAddress } from "../../shared/address/address.js";
import type { Behaviour, BehaviourOf } from "../../shared/middlebox/behaviour.js";
import { OPTION_EXPERIMENT, OPTION_MPTCP } from "../../shared/option/tcp-options.js";
import type { Variant } from "../../shared/probe/variant.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import { fateAt, type TouchedSyn } from "./effect.js";
import type { Path, ServerKind } from "./path.js";

/** A hop that quotes, as a trace sees it. */
export interface Sight {
  readonly ttl: number;
  readonly address: string;
  readonly syn: TouchedSyn;
  /** Bytes of the quote behind the IP header; null: all. */
  readonly quotedBytes: number | null;
}

/** What becomes of the SYNs of one variant. */
export interface Course {
  readonly sights: readonly Sight[];
  /** Hop that answers the SYN, where one does. */
  readonly end: { readonly ttl: number; readonly address: string };
  readonly verdict: SynVerdict;
}

/** Follows a SYN over a path by what the boxes are meant to do. Boxes that write TTLs are not looked at. */
export function courseOf(path: Path, variant: Variant, address: Uint8Array, port: number): Course {
  const sights: Sight[] = [];
  const echoes: BehaviourOf<"echo">[] = [];
  let syn: TouchedSyn = { variant, destination: address, port, gone: new Set(), dirty: new Map() };
  let ttl = 1;
  const course = (verdict: SynVerdict): Course => ({ sights, end: { ttl, address: formatAddress(address) }, verdict });
  for (const [i, element] of path.elements.entries()) {
    if (element.kind === "router") {
      const quotedBytes = element.quotes.bytes ?? shortenedTo(path, i, address);
      if (element.address !== null && isRecognised(syn)) {
        sights.push({ ttl, address: formatAddress(element.address), syn, quotedBytes });
      }
      ttl++;
      continue;
    }
    for (const behaviour of element.forth ? element.behaviours : []) {
      const fate = fateAt(behaviour, syn);
      switch (fate.kind) {
        case "drop":
          return course("no-reply");
        case "reset":
          return course("rst");
        case "answer":
          return course("plain");
        case "passes":
          syn = fate.syn;
      }
      if (behaviour.kind === "echo" && element.back && isEchoed(behaviour, syn)) echoes.push(behaviour);
    }
  }
  const server = path.host?.serverOn(address, port) ?? "silent";
  if (path.host !== null && server === "unreachable") {
    sights.push({ ttl, address: formatAddress(path.host.refuserOf(address)), syn, quotedBytes: null });
  }
  return course(returned(path, variant, answerOf(server, syn, echoes)));
}

/** An answer as it arrives: boxes on its way may take option 30 out of it. */
function returned(path: Path, variant: Variant, verdict: SynVerdict): SynVerdict {
  const isStripped = path.elements.some(
    (element) => element.kind === "box" && element.back && element.behaviours.some(stripsAnswers),
  );
  const isSynAck = verdict !== "no-reply" && verdict !== "rst" && verdict !== "unreachable";
  return isStripped && isSynAck && variant !== "unknown-option" ? "plain" : verdict;
}

function stripsAnswers(behaviour: Behaviour): boolean {
  if (behaviour.kind !== "strip" || !behaviour.options.includes(OPTION_MPTCP) || (behaviour.afterPackets ?? 0) > 0) {
    return false;
  }
  const { direction = "back", segment = "syn-ack" } = behaviour.when;
  return direction === "back" && segment === "syn-ack" && (behaviour.subtypes?.includes(0) ?? true);
}

/** What a box right before the router, which its errors pass, leaves of its quotes. */
function shortenedTo({ elements }: Path, router: number, address: Uint8Array): number | null {
  const box = elements[router - 1];
  if (box?.kind !== "box" || !box.back || addressFamily(address) === 6) return null;
  const requoting = box.behaviours.find((one) => one.kind === "requote");
  return requoting?.form.bytes ?? null;
}

/** A quote that shows neither the sequence number nor the other keyed field of the probe is nobody's. */
function isRecognised({ dirty }: TouchedSyn): boolean {
  return !dirty.has("tcp.seq") || !(dirty.has("ip.id") || dirty.has("ip.flowlabel"));
}

const LENGTHS: Readonly<Record<Variant, number>> = { v0: 12, v1: 4, plain: 0, "unknown-option": 4 };

function isEchoed({ options, lengths }: BehaviourOf<"echo">, { variant, gone }: TouchedSyn): boolean {
  if (variant === "plain" || (variant === "unknown-option" && options === "mptcp")) return false;
  const kind = variant === "unknown-option" ? OPTION_EXPERIMENT : OPTION_MPTCP;
  return !gone.has(kind) && (lengths?.includes(LENGTHS[variant]) ?? true);
}

function answerOf(server: ServerKind, syn: TouchedSyn, echoes: readonly BehaviourOf<"echo">[]): SynVerdict {
  if (server === "silent") return "no-reply";
  if (server === "closed") return "rst";
  if (server === "unreachable") return "unreachable";
  const speaks = syn.variant === (server === "mptcp" ? "v1" : server === "mptcp-v0" ? "v0" : null);
  const claims = speaks && !syn.gone.has(OPTION_MPTCP);
  const [echo] = echoes;
  if (echo === undefined) return claims ? (syn.variant === "v0" ? "claims-v0" : "claims-v1") : "plain";
  const isFull = claims && OTHER_OPTION_BYTES + OWN_OPTION_BYTES + echoedBytes(echo, syn.variant) > MOST_OPTION_BYTES;
  if (isFull) return syn.variant === "v0" ? "claims-v0" : "claims-v1";
  // Two options 30 in one answer are nobody's right answer.
  if (claims || (echoes.length > 1 && syn.variant !== "unknown-option")) return "malformed";
  return syn.variant === "unknown-option" ? "echo" : echoVerdict(echo, syn.variant);
}

/** MSS, SACK permitted, timestamps and window scale; MP_CAPABLE with a key; and what a header has room for. */
const OTHER_OPTION_BYTES = 20;
const OWN_OPTION_BYTES = 12;
const MOST_OPTION_BYTES = 40;

function echoedBytes({ alter }: BehaviourOf<"echo">, variant: Variant): number {
  return alter === "shortened" ? LENGTHS.v1 : LENGTHS[variant];
}

/** A v1 SYN has no key that could be altered, and its option is as short as can be. */
function echoVerdict({ alter }: BehaviourOf<"echo">, variant: Variant): SynVerdict {
  switch (alter) {
    case undefined:
      return "echo";
    case "flags":
      return "altered-echo";
    case "shortened":
      return variant === "v0" ? "altered-echo" : "echo";
    // Another key is what a host would send.
    case "key":
      return variant === "v0" ? "claims-v0" : "echo";
  }
}
