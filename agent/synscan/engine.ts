import { createProbeBuilder, FULL_TTL } from "../../shared/probe/build.js";
import { createProbeFieldValues, senderKey } from "../../shared/probe/fields.js";
import type { MutableTarget } from "../../shared/target/source.js";
import { classifySynReply } from "../../shared/verdict/syn-reply.js";
import type { Engine, EngineOptions } from "../wire/engine.js";
import { icmpMeaning } from "../wire/icmp-meaning.js";
import type { Reply } from "../wire/receiver.js";
import { rttFromEchoedTime } from "../wire/rtt.js";
import { createAnswerBook } from "./answers.js";
import { synReplyRow } from "./row.js";
import { chunkIndices, createSchedule, type Pass } from "./schedule.js";

const IDLE_PAUSE_MS = 20;

/**
 * The SYN scan of one lease: index by index, all variants of a target one after another, in chunks that overlap: while
 * one chunk waits for its replies the next is sent. A probe without an answer is sent again after its chunk's reply
 * window, up to `retries` times, also where the target answered another variant: so a lost packet is not taken for a box
 * that drops the option. The first answer to a probe makes a row, later ones are duplicates.
 */
export function createSynScan(options: EngineOptions): Engine {
  const { port, pacer, clock, source, from, to, variants } = options;
  const builder = createProbeBuilder({
    fields: options.fields,
    stage: "synscan",
    profile: options.profile,
    source4: options.source4,
    source6: options.source6,
  });
  const answers = createAnswerBook(from, to, variants);
  const schedule = createSchedule({
    from,
    to,
    retries: options.retries,
    replyWindowMs: options.replyWindowMs,
    isComplete: (index) => answers.isComplete(index),
  });
  const target: MutableTarget = { address: new Uint8Array(16), port: 0 };
  const fieldValues = createProbeFieldValues();
  const counters = { packets: 0, replies: 0, duplicates: 0, late: 0, skipped: 0 };
  /** First index that was not sent yet in a first pass. */
  let sent = from;
  let lastSentAtMs = Number.NEGATIVE_INFINITY;

  /** What lies in the port's slots: number of the probe within its pass's chunk, index by index, variant by variant. */
  const inSlot = new Float64Array(port.slots);

  async function sendPass(pass: Pass, signal: AbortSignal): Promise<boolean> {
    const probes = (pass.to - pass.from) * variants.length;
    let next = 0;
    while (next < probes) {
      const permitted = await pacer.permit(port.slots, signal);
      if (permitted === 0) return false;
      let filled = 0;
      for (; next < probes && filled < permitted; next++) {
        if (fill(pass, next, filled)) inSlot[filled++] = next;
      }
      const taken = filled === 0 ? 0 : port.send(filled);
      counters.packets += taken;
      if (taken > 0) lastSentAtMs = clock.monotonicMs();
      pacer.giveBack(permitted - taken);
      // What the kernel did not take is filled again with a new send time.
      if (taken < filled) next = inSlot[taken] ?? next;
      if (pass.number === 0) sent = pass.from + Math.floor(next / variants.length);
      if (taken < filled) await clock.sleep(1);
    }
    return true;
  }

  /** Puts a probe into a slot; false when it is not to be sent (answered, blocked). */
  function fill(pass: Pass, probe: number, slot: number): boolean {
    const index = pass.from + Math.floor(probe / variants.length);
    const variant = variants[probe % variants.length];
    if (variant === undefined || answers.has(index, variant)) return false;
    source.targetAt(index, target);
    if (options.isBlocked(target.address)) {
      answers.close(index);
      counters.skipped++;
      return false;
    }
    port.setLength(slot, builder.build(target, variant, FULL_TTL, clock.unixMs(), port.slot(slot)));
    return true;
  }

  function onReply(reply: Reply): boolean {
    const { packet, match, capturedUs } = reply;
    const index = source.indexOf(match.address, match.port);
    if (index < from || index >= to) return false;
    if (packet.kind === "icmp-error" && icmpMeaning(packet.icmp, packet.ip.family) === null) return true;
    if (index < schedule.done) {
      counters.late++;
    } else if (answers.add(index, match.variant)) {
      options.fields.compute("synscan", match.variant, match.address, match.port, fieldValues);
      const answer = classifySynReply({ variant: match.variant, sentKey: senderKey(fieldValues), packet });
      const rttUs = rttFromEchoedTime(capturedUs, match.sentTimeMs26);
      options.emit(synReplyRow({ source: options.sourceId, index, reply, rttUs, answer }));
      counters.replies++;
    } else {
      counters.duplicates++;
    }
    return true;
  }

  return {
    progress: () => ({ sent, done: schedule.done, ...counters }),
    async run(signal) {
      const unsubscribe = options.receiver.subscribe({ matcher: options.matcher, stage: "synscan", onReply });
      try {
        while (!signal.aborted && schedule.done < to) {
          const size = chunkIndices(pacer.packetsPerSecond, variants.length);
          const pass = schedule.next(clock.monotonicMs(), size);
          if (pass === null) await clock.sleep(IDLE_PAUSE_MS);
          else if (await sendPass(pass, signal)) schedule.sent(pass, clock.monotonicMs());
        }
        if (signal.aborted) await clock.sleep(lastSentAtMs + options.replyWindowMs - clock.monotonicMs());
      } finally {
        unsubscribe();
      }
    },
  };
}
