import { sameAddress } from "../../shared/address/address.js";
import { timestampValue } from "../../shared/option/tcp-options.js";
import type { QuotedSegment } from "../../shared/packet/quoted-segment.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../shared/probe/build.js";
import {
  createProbeFieldValues,
  senderKey,
  TTL_BITS,
  TTL_MASK,
  variantOfSourcePort,
} from "../../shared/probe/fields.js";
import { profileFacts } from "../../shared/probe/profile.js";
import { createTarget } from "../../shared/target/source.js";
import { classifySynReply } from "../../shared/verdict/syn-reply.js";
import type { EngineOptions } from "../wire/engine.js";
import type { Reply } from "../wire/receiver.js";
import type { TraceBoard } from "./board.js";
import { createTraceBook } from "./book.js";
import { createRouterWatch } from "./router-watch.js";
import { hopKind, traceHopRow, verbatimHopRow } from "./row.js";

/** What the receiving half needs to know of the traces. */
export interface AskedTraces
  extends Pick<
    EngineOptions,
    "source" | "sourceId" | "from" | "to" | "variants" | "replyWindowMs" | "fields" | "profile" | "secret" | "emit"
  > {
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  readonly maxTtl: number;
  readonly routerPacketsPerSecond: number | null;
  readonly everyHop?: boolean;
}

/** The receiving half of traces: the first answer to a probe makes a row, its quote compared with the probe built again. */
export interface TraceReplies {
  /** Whether the answer is to a probe of these traces; those to indices below `settled` are too late. */
  take(reply: Reply, settled: number): boolean;
  /**
   * For a router's plain quote, the way of nearly all of them: true when it is of an open probe of these traces, exactly
   * as it was sent, which proves that it is of ours.
   */
  takeQuoted(quoted: QuotedSegment, capturedUs: number, settled: number): boolean;
  counters(): { readonly replies: number; readonly duplicates: number; readonly late: number };
}

/** Where the TCP options begin in a quote without IP options. */
const OPTIONS_AT = { 4: 40, 6: 60 } as const;

export function createTraceReplies(options: AskedTraces, board: TraceBoard): TraceReplies {
  const { source, from, to, variants, fields, profile, secret, source4, source6 } = options;
  const builder = createProbeBuilder({ secret, stage: "tracebox", profile, source4, source6 });
  const book = createTraceBook(board, options);
  const routers = createRouterWatch(board, { everyHop: false, ...options });
  const { carriesTime, constantKey, mptcpFlags: sentFlags } = profileFacts(profile);
  const target = createTarget();
  const fieldValues = createProbeFieldValues();
  const rebuilt = new Uint8Array(PROBE_MAX_BYTES);
  const counters = { replies: 0, duplicates: 0, late: 0 };
  /** As far as was looked: it only grows. */
  let sent = from;

  /** Where the answer belongs: an index whose probes are open, or why it does not count. */
  function standing(index: number, variant: number, settled: number): "open" | "late" | "foreign" {
    if (index < from || index >= to || variant < 0) return "foreign";
    if (index < settled) return "late";
    if (index >= sent) sent = board.progress().sent;
    // The probe of another holder of this index: it is not ours to take the answer yet.
    return index < sent ? "open" : "foreign";
  }

  return {
    take(reply, settled) {
      const { packet, match, capturedUs } = reply;
      const index = source.indexOf(match.address, match.port);
      const variant = variants.indexOf(match.variant);
      const stands = standing(index, variant, settled);
      if (stands === "foreign") return false;
      const kind = hopKind(packet);
      if (kind === null) return true;
      if (stands === "late") {
        counters.late++;
        return true;
      }
      const trace = board.placeOf(index) * variants.length + variant;
      const ttl = match.ttl ?? book.guessTtl(trace, kind !== "time-exceeded", capturedUs);
      if (!book.isOpen(trace, ttl)) {
        counters.duplicates++;
        return true;
      }
      const { rttUs, sentMs } = book.timesOf(trace, ttl, match.sentTimeMs26, capturedUs);
      fields.compute("tracebox", match.variant, match.address, match.port, fieldValues);
      const sentKey = (): bigint => constantKey ?? senderKey(fieldValues);
      const { verdict } = classifySynReply({ variant: match.variant, sentKey, sentFlags }, packet);
      const probe = rebuilt.subarray(0, builder.build(match, match.variant, ttl, sentMs, rebuilt));
      // A quote that is none throws: then the probe counts as unanswered.
      const row = traceHopRow({ source: options.sourceId, index, reply, ttl, kind, rttUs, probe, verdict });
      const isTarget = sameAddress(packet.ip.source, match.address);
      const isFinal = kind !== "time-exceeded";
      const tellsTtl = match.ttl !== null;
      book.answered(trace, ttl, { isFinal, tellsTtl, isTarget, replyTtl: packet.ip.ttl, rttUs });
      if (row.changes.length > 0) board.shows[trace] = 1;
      if (kind === "time-exceeded") routers.answered(packet.ip.family === 4 ? 0 : 1, ttl, packet.ip.source);
      counters.replies++;
      options.emit(row, reply.bytes);
      return true;
    },
    takeQuoted(quoted, capturedUs, settled) {
      const { family, destination, destinationPort, bytes, quoteAt, quoteEnd } = quoted;
      const index = source.indexOf(destination, destinationPort);
      const sentFrom = family === 4 ? source4 : source6;
      if (index < 0 || sentFrom === null) return false;
      const name = variantOfSourcePort(quoted.sourcePort);
      const variant = name === null ? -1 : variants.indexOf(name);
      if (name === null || standing(index, variant, settled) !== "open") return false;
      const stamp = carriesTime ? timestampValue(bytes, quoteAt + OPTIONS_AT[family], quoteEnd) : 0;
      const ttl = (family === 4 ? quoted.id : stamp) & TTL_MASK;
      const trace = board.placeOf(index) * variants.length + variant;
      if (!book.isOpen(trace, ttl)) return false;
      const { rttUs, isOwnTime } = book.timesOf(trace, ttl, carriesTime ? stamp >>> TTL_BITS : null, capturedUs);
      if (carriesTime && !isOwnTime) return false;
      target.address.set(destination);
      target.port = destinationPort;
      if (!builder.isVerbatim(target, name, ttl, stamp >>> TTL_BITS, bytes, quoteAt, quoteEnd)) return false;
      // Without a spread, which makes a new shape for each object: it would cost more than all the rest.
      const { replyTtl } = quoted;
      book.answered(trace, ttl, { isFinal: false, tellsTtl: true, isTarget: false, replyTtl, rttUs });
      routers.answered(family === 4 ? 0 : 1, ttl, quoted.router);
      counters.replies++;
      const facts = { source: options.sourceId, index, variant: name, ttl, capturedUs, rttUs, sentFrom };
      options.emit(verbatimHopRow(facts, quoted), bytes);
      return true;
    },
    counters: () => counters,
  };
}
