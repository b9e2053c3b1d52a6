import { CLAIMED, ECHOED, PROXIED } from "./conditions.js";
import type { Hop, LocatedChange, Trace, View } from "./evidence.js";
import { pathOf } from "./path.js";
import { proxyOf } from "./proxied.js";
import { firstDirtyHops, lastCleanHop, lastHopWithOption, withLengths } from "./quoted.js";
import { optionStop } from "./stopped.js";

/**
 * Finds every change on the paths of one view, each with its interval (last clean hop, first dirty hop).
 *
 * Kinds of evidence: quotes that differ from the probe; an option probe that is answered by silence or RST where the
 * control gets a SYN/ACK; an answer that repeats the probe's own option, or claims MPTCP in a version of `disowned`; and a
 * SYN/ACK that is not the host's (`PROXY_RULES`). A hop whose quote is too short to show a field is neither clean nor dirty
 * for it, so the interval grows over it.
 */
export function locateChanges(view: View, disowned: ReadonlySet<string> = new Set()): LocatedChange[] {
  const paths = view.traces.map(pathOf);
  const proxies = view.traces.map((trace) => proxyOf(trace, view));
  const pathLength = lengthOf(paths.filter((_, i) => proxies[i] === null));
  const control = paths.find((trace) => trace.variant === "plain");
  const found: LocatedChange[] = [];
  for (const [i, trace] of paths.map((one) => withLengths(one, control)).entries()) {
    const locate = (condition: string, after: Hop | undefined, before: Hop, length = pathLength) =>
      found.push({
        vantage: view.vantage,
        variant: trace.variant,
        condition,
        afterTtl: after?.ttl ?? 0,
        after: after?.responder ?? null,
        beforeTtl: before.ttl,
        before: before.responder,
        pathLength: length,
        mss: condition === "tcp.option.mss.changed" ? before.quotedMss : null,
      });
    for (const [condition, hop] of firstDirtyHops(trace)) {
      locate(condition, lastCleanHop(trace, condition, hop.ttl), hop);
    }
    const stop = optionStop(trace, control, view);
    if (stop !== null) locate(stop.condition, lastHopWithOption(trace, stop.before.ttl), stop.before);
    const echo = trace.hops.find((hop) => hop.verdict === "echo" || hop.verdict === "altered-echo");
    if (echo !== undefined) locate(ECHOED, lastHopWithOption(trace, echo.ttl), echo);
    const claim = trace.hops.find((hop) => hop.verdict === `claims-${trace.variant}`);
    if (claim !== undefined && disowned.has(trace.variant)) locate(CLAIMED, lastHopWithOption(trace, claim.ttl), claim);
    const proxy = proxies[i] ?? null;
    if (proxy !== null) locate(PROXIED, proxy.after, proxy.before, proxy.pathLength);
  }
  return found;
}

/**
 * The smallest TTL at which a target answered: one that lost its answer to that is longer by chance. An RST may be a box's,
 * so a SYN/ACK is believed first. 0 when nobody answered.
 */
function lengthOf(paths: readonly Trace[]): number {
  const ttls = (kind: Hop["kind"]) =>
    paths.flatMap(({ hops }) => hops.filter((hop) => hop.kind === kind)).map(({ ttl }) => ttl);
  const answered = ttls("synack");
  const refused = ttls("rst");
  return answered.length > 0 ? Math.min(...answered) : refused.length > 0 ? Math.min(...refused) : 0;
}
