import type { Variant } from "../../shared/probe/variant.js";
import type { Hop, PathChange, Trace, View } from "./evidence.js";

const MPTCP_FIELD = "tcp.option.mptcp";
const SHORTENED = "ip.length.changed";

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
  for (const trace of view.traces.map((one) => withLengths(one, control))) {
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
      locate(condition, lastCleanHop(trace, condition, hop.ttl), hop);
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
  return fieldOf(condition) === MPTCP_FIELD;
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

/**
 * A quote too short to show the option still has the packet's length: one that shrank while its control did not has lost
 * the option, which is all that the two differ by. Such quotes count as if they had shown it.
 */
function withLengths(trace: Trace, control: Trace | undefined): Trace {
  if (control === undefined || !carriesOption(trace.variant)) return trace;
  const hops = trace.hops.map((hop) => {
    const paired = control.hops.find(({ ttl }) => ttl === hop.ttl);
    const isTelling = hop.unobservable.includes(MPTCP_FIELD) && hop.changes.includes(SHORTENED);
    if (!isTelling || paired === undefined || !isQuote(paired) || paired.changes.includes(SHORTENED)) return hop;
    return {
      ...hop,
      changes: [...hop.changes.filter((change) => change !== SHORTENED), `${MPTCP_FIELD}.removed`],
      unobservable: hop.unobservable.filter((field) => field !== MPTCP_FIELD),
    };
  });
  return { ...trace, hops };
}

function lastCleanHop(trace: Trace, condition: string, beforeTtl: number): Hop | undefined {
  const field = fieldOf(condition);
  return trace.hops.findLast(
    (hop) =>
      hop.ttl < beforeTtl &&
      isQuote(hop) &&
      (!hop.unobservable.includes(field) || keptItsLength(hop, condition)) &&
      !hop.changes.some((change) => fieldOf(change) === field),
  );
}

/** Nothing was cut out of a packet that is as long as it was. */
function keptItsLength(hop: Hop, condition: string): boolean {
  return condition.endsWith(".removed") && !hop.changes.includes(SHORTENED);
}

function lastHopWithOption(trace: Trace, beforeTtl: number): Hop | undefined {
  return lastCleanHop(trace, `${MPTCP_FIELD}.echoed`, beforeTtl);
}

function isQuote(hop: Hop): boolean {
  return hop.kind === "time-exceeded" || hop.kind === "unreachable";
}

/**
 * Where a probe with the option ends although the control goes on: reset (an RST came back) or blocked (nothing did). An
 * RST bears the host's address wherever it comes from, so the control's hop at that distance tells where that is.
 */
function optionStop(trace: Trace, control: Trace | undefined): { condition: string; before: Hop } | null {
  if (control === undefined || !carriesOption(trace.variant)) return null;
  if (!control.hops.some((hop) => hop.kind === "synack")) return null;
  if (trace.hops.some((hop) => hop.kind === "synack")) return null;
  const reset = trace.hops.find((hop) => hop.kind === "rst");
  const endsAt = reset?.ttl ?? (trace.hops.findLast(isQuote)?.ttl ?? 0) + 1;
  const before = control.hops.find((hop) => hop.ttl >= endsAt);
  if (before === undefined) return null;
  return { condition: `tcp.option.mptcp.${reset === undefined ? "blocked" : "reset"}`, before };
}

function carriesOption(variant: Variant): boolean {
  return variant === "v0" || variant === "v1";
}
