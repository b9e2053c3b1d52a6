import type { Variant } from "../../shared/probe/variant.js";
import type { Target } from "../../shared/target/source.js";
import { createTrace, type Trace, type TraceLimits } from "./trace.js";

/** A target under trace: one trace per variant, taking turns. */
interface TracedTarget {
  readonly index: number;
  readonly target: Target;
  readonly traces: readonly Trace[];
  /** No probe to this target before this time: one per PROBE_SPACING_MS at most. */
  notBefore: number;
  /** Before this time there is nothing to do for it, unless an answer comes, which sets it to 0. */
  quietUntil: number;
  /** The trace that has the next turn. */
  turn: number;
}

interface Due {
  readonly traced: TracedTarget;
  readonly trace: Trace;
  readonly ttl: number;
}

/** The targets that are traced at the same time. */
export interface TraceWindow {
  readonly size: number;
  add(index: number, target: Target, variants: readonly Variant[]): void;
  get(index: number): TracedTarget | undefined;
  /** Collects at most `limit` probes that are due, a target's next not before its spacing is over. */
  due(nowMs: number, limit: number): Due[];
  /** The probe went out. */
  sent(due: Due, nowMs: number, unixMs: number): void;
  /** Lowest index that is not over, or `otherwise`. */
  lowest(otherwise: number): number;
  /** Lowest index with a TTL that is still to be sent for the first time, or `otherwise`. */
  lowestForward(otherwise: number): number;
}

/** Politeness: the least time between two probes to one target. */
const PROBE_SPACING_MS = 10;

export function createTraceWindow(limits: TraceLimits): TraceWindow {
  /** In ascending order of index, as they were added. */
  const active = new Map<number, TracedTarget>();

  function dueOf(traced: TracedTarget, nowMs: number): Due | null {
    if (nowMs < traced.quietUntil) return null;
    let quietUntil = Number.POSITIVE_INFINITY;
    let open = false;
    for (let i = 0; i < traced.traces.length; i++) {
      const trace = traced.traces[(traced.turn + i) % traced.traces.length];
      if (trace === undefined) continue;
      const ttl = trace.due(nowMs);
      if (ttl > 0 && nowMs >= traced.notBefore) return { traced, trace, ttl };
      quietUntil = Math.min(quietUntil, ttl > 0 ? traced.notBefore : trace.looksAgainAt);
      if (!trace.isOver) open = true;
    }
    traced.quietUntil = quietUntil;
    if (!open) active.delete(traced.index);
    return null;
  }

  return {
    get size() {
      return active.size;
    },
    add(index, target, variants) {
      const traces = variants.map((variant) => createTrace(variant, limits));
      active.set(index, { index, target, traces, notBefore: 0, quietUntil: 0, turn: 0 });
    },
    get: (index) => active.get(index),
    due(nowMs, limit) {
      const found: Due[] = [];
      for (const traced of active.values()) {
        if (found.length >= limit) break;
        const due = dueOf(traced, nowMs);
        if (due !== null) found.push(due);
      }
      return found;
    },
    sent({ traced, trace, ttl }, nowMs, unixMs) {
      trace.sent(ttl, nowMs, unixMs);
      traced.notBefore = nowMs + PROBE_SPACING_MS;
      traced.turn = (traced.traces.indexOf(trace) + 1) % traced.traces.length;
    },
    lowest: (otherwise) => active.keys().next().value ?? otherwise,
    lowestForward(otherwise) {
      for (const { index, traces } of active.values()) {
        if (traces.some((trace) => trace.isForward)) return index;
      }
      return otherwise;
    },
  };
}
