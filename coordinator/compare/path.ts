import { upToPathEnd } from "../../shared/verdict/path-end.js";
import type { Hop, Trace } from "./evidence.js";

/** A trace as the path it shows; what answered to higher TTLs is no part of it. */
export function pathOf(trace: Trace): Trace {
  return { ...trace, hops: upToPathEnd(trace.hops) };
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
