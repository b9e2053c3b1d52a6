import type { Variant } from "../../shared/probe/variant.js";
import { fieldOf } from "./conditions.js";
import type { Hop, Trace } from "./evidence.js";
import { isQuote } from "./path.js";

const MPTCP_FIELD = "tcp.option.mptcp";
const SHORTENED = "ip.length.changed";

export function carriesOption(variant: Variant): variant is "v0" | "v1" {
  return variant === "v0" || variant === "v1";
}

/** Per changed field, the condition and the first hop whose quote shows it. */
export function firstDirtyHops(trace: Trace): Map<string, Hop> {
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
export function withLengths(trace: Trace, control: Trace | undefined): Trace {
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

/** The last hop before a TTL whose quote shows a condition's field as it was sent. */
export function lastCleanHop(trace: Trace, condition: string, beforeTtl: number): Hop | undefined {
  return trace.hops.findLast((hop) => hop.ttl < beforeTtl && showsClean(hop, condition));
}

export function lastHopWithOption(trace: Trace, beforeTtl: number): Hop | undefined {
  return lastCleanHop(trace, `${MPTCP_FIELD}.echoed`, beforeTtl);
}

/** Hops whose quotes show the option as it was sent. */
export function hopsWithOption(trace: Trace): readonly Hop[] {
  return trace.hops.filter((hop) => showsClean(hop, `${MPTCP_FIELD}.echoed`));
}

function showsClean(hop: Hop, condition: string): boolean {
  const field = fieldOf(condition);
  return (
    isQuote(hop) &&
    (!hop.unobservable.includes(field) || keptItsLength(hop, condition)) &&
    !hop.changes.some((change) => fieldOf(change) === field)
  );
}

/** Nothing was cut out of a packet that is as long as it was. */
function keptItsLength(hop: Hop, condition: string): boolean {
  return condition.endsWith(".removed") && !hop.changes.includes(SHORTENED);
}
