import { icmpMeaning } from "../../shared/packet/icmp-meaning.js";
import type { Segment } from "../../shared/packet/segment.js";
import { createProbeFieldValues, senderKey } from "../../shared/probe/fields.js";
import { profileFacts } from "../../shared/probe/profile.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { classifySegment, classifySynReply, type SynQuestion } from "../../shared/verdict/syn-reply.js";
import type { EngineOptions } from "../wire/engine.js";
import type { Reply } from "../wire/receiver.js";
import { rttFromEchoedTime } from "../wire/rtt.js";
import type { ScanBoard } from "./board.js";
import { replyRow, segmentRow } from "./row.js";

/**
 * The receiving half of a scan: the first answer to a probe makes a row, later ones are duplicates. Both methods return
 * whether the answer is to a probe of this scan; replies to indices below `settled` are too late.
 */
export interface SynReplies {
  take(reply: Reply, settled: number): boolean;
  /** For the segments of the receive loop: `variant` is a number in VARIANTS. */
  takeSegment(segment: Segment, variant: number, capturedUs: number, settled: number): boolean;
  counters(): { readonly replies: number; readonly duplicates: number; readonly late: number };
}

/** What the receiving half needs to know of the scan. */
export type AskedProbes = Pick<
  EngineOptions,
  "source" | "sourceId" | "from" | "to" | "variants" | "fields" | "matcher" | "profile" | "emit"
>;

export function createSynReplies(options: AskedProbes, board: ScanBoard): SynReplies {
  const { source, sourceId, from, to, variants, fields, matcher } = options;
  const { constantKey, mptcpFlags } = profileFacts(options.profile);
  const fieldValues = createProbeFieldValues();
  const counters = { replies: 0, duplicates: 0, late: 0 };
  /** Bit of each of VARIANTS on the board; 0 for those that this scan does not send. */
  const bits = VARIANTS.map((variant) => (variants.includes(variant) ? 1 << variants.indexOf(variant) : 0));
  /** As far as was looked: it only grows. */
  let sent = from;
  /** The probe that the present question is about. */
  let address: Uint8Array = new Uint8Array(16);
  let port = 0;
  const questions = VARIANTS.map(
    (variant): SynQuestion => ({ variant, sentKey: () => sentKeyOf(variant), sentFlags: mptcpFlags }),
  );

  function sentKeyOf(variant: Variant): bigint {
    if (constantKey !== null) return constantKey;
    fields.compute("synscan", variant, address, port, fieldValues);
    return senderKey(fieldValues);
  }

  /** "new" for the first answer to a probe, else what else it is. */
  function book(index: number, bit: number, settled: number): "new" | "other" | "foreign" {
    if (index < from || index >= to || bit === 0) return "foreign";
    if (index < settled) {
      counters.late++;
      return "other";
    }
    if (index >= sent) {
      sent = board.progress().sent;
      // The probe of another holder of this index: it is not ours to take the answer yet.
      if (index >= sent) return "foreign";
    }
    if ((board.mark(index, bit) & bit) !== 0) {
      counters.duplicates++;
      return "other";
    }
    counters.replies++;
    return "new";
  }

  return {
    takeSegment(segment, number, capturedUs, settled) {
      const index = source.indexOf(segment.source, segment.sourcePort);
      const booked = book(index, bits[number] as number, settled);
      if (booked !== "new") return booked === "other";
      address = segment.source;
      port = segment.sourcePort;
      const variant = VARIANTS[number] as Variant;
      const answer = classifySegment(questions[number] as SynQuestion, segment);
      const rttUs = rttFromEchoedTime(capturedUs, matcher.sentTimeOf(segment));
      const facts = { source: sourceId, index, variant, capturedUs, rttUs, answer };
      options.emit(segmentRow(facts, segment), segment.bytes);
      return true;
    },
    take(reply, settled) {
      const { packet, match, capturedUs, bytes } = reply;
      const number = VARIANTS.indexOf(match.variant);
      const index = source.indexOf(match.address, match.port);
      // A remark about a probe that went on: it is no answer.
      const isRemark = packet.kind === "icmp-error" && icmpMeaning(packet.icmp, packet.ip.family) === null;
      if (isRemark) return index >= from && index < to;
      const booked = book(index, bits[number] ?? 0, settled);
      if (booked !== "new") return booked === "other";
      address = match.address;
      port = match.port;
      const answer = classifySynReply(questions[number] as SynQuestion, packet);
      const rttUs = rttFromEchoedTime(capturedUs, match.sentTimeMs26);
      const facts = { source: sourceId, index, variant: match.variant, capturedUs, rttUs, answer };
      options.emit(replyRow(facts, reply), bytes);
      return true;
    },
    counters: () => counters,
  };
}
