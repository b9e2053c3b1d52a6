import type { Variant } from "../../shared/probe/variant.js";
import type { Hop, PathChange, Trace, View } from "./evidence.js";

/**
 * Finds every change on the paths of one view, each with its interval (last clean hop, first dirty hop).
 *
 * Three kinds of evidence: quotes that differ from the probe; an option probe that is answered by silence or RST where
 * the control gets a SYN/ACK; and an answer that repeats the probe's own option. A hop whose quote is too short to show
 * a field is neither clean nor dirty for it, so the interval grows over it.
 */
export function locateChanges(view: View): PathChange[] {
  const pathLength = Math.max(0, ...view.traces.map(answerTtl));
  const control = view.traces.find((trace) => trace.variant === "plain");
  const found: PathChange[] = [];
  for (const trace of view.traces) {
    const locate = (condition: string, after: Hop | undefined, before: Hop) =>
      found.push({
        vantage: view.vantage,
        variant: trace.variant,
        condition,
        afterTtl: after?.ttl ?? 0,
        after: after?.responder ?? null,
        beforeTtl: before.ttl,
        before: before.responder,
        pathLength,
      });
    for (const [condition, hop] of firstDirtyHops(trace)) {
      locate(condition, lastCleanHop(trace, fieldOf(condition), hop.ttl), hop);
    }
    const stop = optionStop(trace, control);
    if (stop !== null) locate(stop.condition, lastHopWithOption(trace, stop.before.ttl), stop.before);
    const echo = trace.hops.find((hop) => hop.verdict === "echo" || hop.verdict === "altered-echo");
    if (echo !== undefined) locate("tcp.option.mptcp.echoed", lastHopWithOption(trace, echo.ttl), echo);
  }
  return found;
}

/** `tcp.option.mptcp.removed` is a change of the field `tcp.option.mptcp`. */
function fieldOf(condition: string): string {
  return condition.slice(0, condition.lastIndexOf("."));
}

/** Conditions that say what became of the MPTCP option itself. */
export function concernsMptcp(condition: string): boolean {
  return fieldOf(condition) === "tcp.option.mptcp";
}

/** TTL of the first SYN/ACK or RST of the trace; 0 when the target was not reached. */
function answerTtl(trace: Trace): number {
  return trace.hops.find((hop) => hop.kind === "synack" || hop.kind === "rst")?.ttl ?? 0;
}

/** Per changed field, the condition and the first hop whose quote shows it. */
function firstDirtyHops(trace: Trace): Map<string, Hop> {
  const byField = new Map<string, [string, Hop]>();
  for (const hop of trace.hops) {
    for (const condition of hop.changes) {
      if (!byField.has(fieldOf(condition))) byField.set(fieldOf(condition), [condition, hop]);
    }
  }
  return new Map(byField.values());
}

function lastCleanHop(trace: Trace, field: string, beforeTtl: number): Hop | undefined {
  return trace.hops.findLast(
    (hop) =>
      hop.ttl < beforeTtl &&
      isQuote(hop) &&
      !hop.unobservable.includes(field) &&
      !hop.changes.some((change) => fieldOf(change) === field),
  );
}

function lastHopWithOption(trace: Trace, beforeTtl: number): Hop | undefined {
  return lastCleanHop(trace, "tcp.option.mptcp", beforeTtl);
}

function isQuote(hop: Hop): boolean {
  return hop.kind === "time-exceeded" || hop.kind === "unreachable";
}

/** Where a probe with the option ends although the control goes on: reset (an RST came back) or blocked (nothing did). */
function optionStop(trace: Trace, control: Trace | undefined): { condition: string; before: Hop } | null {
  if (control === undefined || !carriesOption(trace.variant)) return null;
  if (!control.hops.some((hop) => hop.kind === "synack")) return null;
  if (trace.hops.some((hop) => hop.kind === "synack")) return null;
  const reset = trace.hops.find((hop) => hop.kind === "rst");
  if (reset !== undefined) return { condition: "tcp.option.mptcp.reset", before: reset };
  const last = trace.hops.findLast(isQuote)?.ttl ?? 0;
  const beyond = control.hops.find((hop) => hop.ttl > last);
  return beyond === undefined ? null : { condition: "tcp.option.mptcp.blocked", before: beyond };
}

function carriesOption(variant: Variant): boolean {
  return variant === "v0" || variant === "v1";
}
