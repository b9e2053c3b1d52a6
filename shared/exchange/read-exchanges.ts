import type { HopKind } from "../batch/rows.js";
import { DecodeError, UserError } from "../errors.js";
import { decodePacket, type Packet } from "../packet/decode.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../packet/tcp.js";
import type { CapturedPacket } from "../pcap/captured.js";
import { hopKind } from "../trace/hop-kind.js";
import { type BookedProbe, createProbeBook } from "./probe-book.js";
import { isOpening, type SentSyn, sentSyn } from "./sent-syn.js";

/** What happens in a capture: a probe is sent, or answered. */
export type CaptureEvent = { readonly kind: "probe"; readonly syn: SentSyn } | Answer;

export interface Answer {
  readonly kind: "answer";
  readonly syn: SentSyn;
  readonly from: HopKind;
  /** Bytes in it are views, until the next event. */
  readonly packet: Packet;
  /** Unix microseconds; null in a capture without times. */
  readonly capturedUs: number | null;
  readonly rttUs: number | null;
  /** The probe had an answer before. */
  readonly isRepeated: boolean;
}

/** Filled in while a capture is read. */
export interface ExchangeCounts {
  probes: number;
  /** SYNs that are no probes: cut off by the capture, or with an MPTCP option that is not MP_CAPABLE of a SYN. */
  otherSyns: number;
  /** SYN/ACKs and ICMP errors about TCP whose SYN is not there. */
  unpaired: number;
}

export function createExchangeCounts(): ExchangeCounts {
  return { probes: 0, otherSyns: 0, unpaired: 0 };
}

/**
 * Pairs the SYNs of a capture with their answers, by what these bring back of them: flow, sequence number, IPID or flow
 * label, timestamps. No secret is needed, and it does not matter which tool sent them. Packets that are neither are
 * passed over. Throws what reading the capture throws.
 */
export function* readExchanges(captured: Iterable<CapturedPacket>, counts: ExchangeCounts): Generator<CaptureEvent> {
  const book = createProbeBook();
  for (const { packet: bytes, timestampUs } of captured) {
    const packet = decoded(() => decodePacket(bytes));
    if (packet === null || packet.kind === "other") continue;
    if (packet.kind === "tcp" && isOpening(packet.tcp)) {
      const syn = sentSyn(bytes, packet.ip, packet.tcp, timestampUs);
      if (syn === null) {
        counts.otherSyns++;
        continue;
      }
      counts.probes++;
      book.add(syn);
      yield { kind: "probe", syn };
      continue;
    }
    const from = answerKind(packet);
    if (from === null) continue;
    const probe = decoded(() =>
      packet.kind === "tcp" ? book.answeredBy(packet.ip, packet.tcp, timestampUs) : book.quotedBy(packet.icmp.quote),
    );
    if (probe !== null) yield answer(probe, from, packet, timestampUs);
    // Resets also end connections that were nobody's probes.
    else if (from !== "rst") counts.unpaired++;
  }
}

/** Throws UserError when a capture held no probe, after it was read. */
export function requireProbes(file: string, { probes, otherSyns }: ExchangeCounts): void {
  if (probes > 0) return;
  const what =
    otherSyns === 0 ? "no SYN" : `no whole SYN of a probe (${otherSyns} are cut off or open no first subflow)`;
  throw new UserError(`there is ${what} in ${file}`, {
    remedy:
      "capture where the probes pass before their TTL counts down, with tcpdump -s 0 -w FILE 'tcp or icmp or icmp6'",
  });
}

/** Null for a segment that answers no SYN, and for a remark that is no answer, such as a redirect. */
function answerKind(packet: Packet): HopKind | null {
  if (packet.kind !== "tcp") return hopKind(packet);
  const { flags } = packet.tcp;
  return (flags & TCP_ACK) !== 0 && (flags & (TCP_SYN | TCP_RST)) !== 0 ? hopKind(packet) : null;
}

function answer(probe: BookedProbe, from: HopKind, packet: Packet, capturedUs: number | null): Answer {
  const { syn } = probe;
  const rttUs = capturedUs === null || syn.sentAtUs === null ? null : Math.max(0, capturedUs - syn.sentAtUs);
  const isRepeated = probe.answeredBy !== null;
  if (!isRepeated) probe.rttUs = rttUs;
  probe.answeredBy ??= from === "time-exceeded" ? "router" : "target";
  return { kind: "answer", syn, from, packet, capturedUs, rttUs, isRepeated };
}

function decoded<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
