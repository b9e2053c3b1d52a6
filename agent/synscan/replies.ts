import { createProbeFieldValues, senderKey } from "../../shared/probe/fields.js";
import { profileFacts } from "../../shared/probe/profile.js";
import type { Variant } from "../../shared/probe/variant.js";
import { classifySynReply } from "../../shared/verdict/syn-reply.js";
import type { EngineOptions } from "../wire/engine.js";
import { icmpMeaning } from "../wire/icmp-meaning.js";
import type { Reply } from "../wire/receiver.js";
import { rttFromEchoedTime } from "../wire/rtt.js";
import type { ScanBoard } from "./board.js";
import { synReplyRow } from "./row.js";

/** The receiving half of a scan: the first answer to a probe makes a row, later ones are duplicates. */
export interface SynReplies {
  /** Returns whether the reply is to a probe of this scan. `settled`: replies to lower indices are too late. */
  take(reply: Reply, settled: number): boolean;
  counters(): { readonly replies: number; readonly duplicates: number; readonly late: number };
}

export function createSynReplies(options: EngineOptions, board: ScanBoard): SynReplies {
  const { source, from, to, variants, fields } = options;
  const { constantKey, mptcpFlags } = profileFacts(options.profile);
  const fieldValues = createProbeFieldValues();
  const counters = { replies: 0, duplicates: 0, late: 0 };
  /** As far as was looked: it only grows. */
  let sent = from;

  function sentKeyOf(variant: Variant, address: Uint8Array, port: number): bigint {
    // Only version 0 has a key in the SYN.
    if (variant !== "v0") return 0n;
    if (constantKey !== null) return constantKey;
    fields.compute("synscan", variant, address, port, fieldValues);
    return senderKey(fieldValues);
  }

  return {
    take(reply, settled) {
      const { packet, match, capturedUs } = reply;
      const bit = 1 << variants.indexOf(match.variant);
      const index = source.indexOf(match.address, match.port);
      if (index < from || index >= to || bit < 1) return false;
      if (packet.kind === "icmp-error" && icmpMeaning(packet.icmp, packet.ip.family) === null) return true;
      if (index < settled) {
        counters.late++;
        return true;
      }
      if (index >= sent) {
        sent = board.progress().sent;
        // The probe of another holder of this index: it is not ours to take the answer yet.
        if (index >= sent) return false;
      }
      if ((board.mark(index, bit) & bit) !== 0) {
        counters.duplicates++;
        return true;
      }
      const { variant, address, port } = match;
      const sentKey = sentKeyOf(variant, address, port);
      const answer = classifySynReply({ variant, sentKey, sentFlags: mptcpFlags, packet });
      const rttUs = rttFromEchoedTime(capturedUs, match.sentTimeMs26);
      options.emit(synReplyRow({ source: options.sourceId, index, reply, rttUs, answer }), packet);
      counters.replies++;
      return true;
    },
    counters: () => counters,
  };
}
