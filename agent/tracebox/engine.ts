import { createProbeBuilder, PROBE_MAX_BYTES } from "../../shared/probe/build.js";
import { createProbeFieldValues, senderKey } from "../../shared/probe/fields.js";
import { profileFacts } from "../../shared/probe/profile.js";
import { createTarget } from "../../shared/target/source.js";
import { classifySynReply } from "../../shared/verdict/syn-reply.js";
import type { Pacer } from "../rate/pacer.js";
import type { Engine, EngineOptions } from "../wire/engine.js";
import type { SendPort } from "../wire/port.js";
import type { Reply } from "../wire/receiver.js";
import { hopKind, traceHopRow } from "./row.js";
import { createTraceWindow } from "./window.js";

export interface TraceboxOptions extends EngineOptions {
  /** Shared by all engines of the interface. */
  readonly port: SendPort;
  readonly pacer: Pacer;
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  /** Targets that are not to be sent to. */
  readonly isSkipped: (address: Uint8Array) => boolean;
  /** Highest TTL to try, at most 63: probes have 6 bits for it. */
  readonly maxTtl: number;
  /** Least time between two TTLs of one trace. */
  readonly roundGapMs?: number;
  /** Targets traced at the same time. */
  readonly windowTargets?: number;
}

const DEFAULT_ROUND_GAP_MS = 50;
const DEFAULT_WINDOW_TARGETS = 1024;
const IDLE_PAUSE_MS = 4;

/**
 * The traces of one lease: a window of targets at a time, each with a trace per variant (see `Trace`). The flow is
 * constant within a trace (Paris traceroute), every answer makes one row, and a quote is compared with the probe built
 * again from its send time.
 */
export function createTracebox(options: TraceboxOptions): Engine {
  const { port, pacer, clock, source, from, to, variants, fields } = options;
  const maxTtl = Math.min(63, options.maxTtl);
  const windowTargets = options.windowTargets ?? DEFAULT_WINDOW_TARGETS;
  const builder = createProbeBuilder({
    secret: options.secret,
    stage: "tracebox",
    profile: options.profile,
    source4: options.source4,
    source6: options.source6,
  });
  const window = createTraceWindow({
    maxTtl,
    retries: options.retries,
    replyWindowMs: options.replyWindowMs,
    roundGapMs: options.roundGapMs ?? DEFAULT_ROUND_GAP_MS,
  });
  const fieldValues = createProbeFieldValues();
  const rebuilt = new Uint8Array(PROBE_MAX_BYTES);
  const counters = { packets: 0, replies: 0, duplicates: 0, late: 0, skipped: 0 };
  let next = from;
  let lastSentAtMs = Number.NEGATIVE_INFINITY;

  function fillWindow(): void {
    while (window.size < windowTargets && next < to) {
      const target = createTarget();
      source.targetAt(next, target);
      if (options.isSkipped(target.address)) counters.skipped++;
      else window.add(next, target, variants);
      next++;
    }
  }

  async function sendBatch(signal: AbortSignal): Promise<void> {
    const permitted = await pacer.permit(port.slots, signal);
    if (permitted === 0) return;
    const nowMs = clock.monotonicMs();
    const unixMs = clock.unixMs();
    const due = window.due(nowMs, permitted);
    for (const [slot, { traced, trace, ttl }] of due.entries()) {
      port.setLength(slot, builder.build(traced.target, trace.variant, ttl, unixMs, port.slot(slot)));
    }
    const taken = due.length === 0 ? 0 : port.send(due.length);
    for (const probe of due.slice(0, taken)) window.sent(probe, nowMs, unixMs);
    counters.packets += taken;
    if (taken > 0) lastSentAtMs = nowMs;
    pacer.giveBack(permitted - taken);
    if (taken === 0) await clock.sleep(IDLE_PAUSE_MS);
  }

  function onReply(reply: Reply): boolean {
    const { packet, match, capturedUs } = reply;
    const index = source.indexOf(match.address, match.port);
    if (index < from || index >= to) return false;
    const kind = hopKind(packet);
    if (kind === null) return true;
    const traced = window.get(index);
    const trace = traced?.traces.find((one) => one.variant === match.variant);
    if (traced === undefined || trace === undefined) {
      counters.late++;
      return true;
    }
    traced.quietUntil = 0;
    const ttl = match.ttl ?? trace.guessTtl(capturedUs / 1000);
    const sentMs = sendTimeOf(trace.sendTimes(ttl), match.sentTimeMs26, capturedUs);
    const rttUs = Math.max(0, Math.round(capturedUs - sentMs * 1000));
    if (!trace.answered(ttl, kind !== "time-exceeded", rttUs / 1000)) {
      counters.duplicates++;
      return true;
    }
    fields.compute("tracebox", match.variant, match.address, match.port, fieldValues);
    const { constantKey, mptcpFlags: sentFlags } = profileFacts(options.profile);
    const sentKey = (): bigint => constantKey ?? senderKey(fieldValues);
    const { verdict } = classifySynReply({ variant: match.variant, sentKey, sentFlags }, packet);
    const probe = rebuilt.subarray(0, builder.build(match, match.variant, ttl, sentMs, rebuilt));
    options.emit(
      traceHopRow({ source: options.sourceId, index, reply, ttl, kind, rttUs, probe, verdict }),
      reply.bytes,
    );
    counters.replies++;
    return true;
  }

  return {
    progress: () => ({ sent: window.lowestForward(next), done: window.lowest(next), ...counters }),
    async run(signal) {
      const unsubscribe = options.receiver.subscribe({ matcher: options.matcher, stage: "tracebox", onReply });
      try {
        for (fillWindow(); !signal.aborted && window.size > 0; fillWindow()) await sendBatch(signal);
        if (signal.aborted) await clock.sleep(lastSentAtMs + options.replyWindowMs - clock.monotonicMs());
      } finally {
        unsubscribe();
      }
    },
  };
}

const TIME_MODULUS_MS = 2 ** 26;

/** The attempt whose 26 bits of time came back; else the latest one before the answer. */
function sendTimeOf(times: readonly number[], sentTimeMs26: number | null, capturedUs: number): number {
  const echoed = times.find((time) => time % TIME_MODULUS_MS === sentTimeMs26);
  return echoed ?? times.findLast((time) => time * 1000 <= capturedUs) ?? times.at(-1) ?? capturedUs / 1000;
}
