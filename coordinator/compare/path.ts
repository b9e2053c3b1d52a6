import type { Hop, Trace } from "./evidence.js";

/**
 * A trace as the path it shows: by ascending TTL, up to the target's first answer. Probes with more TTLs than the path is
 * long reach the target as well, so what lies behind is no part of the path.
 */
export function pathOf(trace: Trace): Trace {
  const hops = [...trace.hops].sort((a, b) => a.ttl - b.ttl);
  const end = hops.findIndex(isAnswer);
  return { ...trace, hops: end < 0 ? hops : hops.slice(0, end + 1) };
}

/** The target's own answer. */
export function isAnswer({ kind }: Pick<Hop, "kind">): boolean {
  return kind === "synack" || kind === "rst";
}

/** An ICMP error with a quote of the probe. */
export function isQuote({ kind }: Pick<Hop, "kind">): boolean {
  return kind === "time-exceeded" || kind === "unreachable";
}

/** TTL of the target's first answer; 0 when the target was not reached. */
export function answerTtl({ hops }: Trace): number {
  return hops.find(isAnswer)?.ttl ?? 0;
}
