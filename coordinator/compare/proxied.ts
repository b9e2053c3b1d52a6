import { OPTION_EXPERIMENT, OPTION_MPTCP, OPTION_TIMESTAMPS } from "../../shared/option/tcp-options.js";
import { decide, type Rule } from "../../shared/verdict/rules.js";
import type { Hop, OtherPort, SynAck, Trace, View } from "./evidence.js";
import { answerTtl, isAnswer, isQuote, pathOf } from "./path.js";

/** Hops by which an answer must be nearer than those before it: ways there and back differ by one or two at times. */
const NEARER_HOPS = 3;
/** TTLs that hosts and routers begin with, as far as they are not unheard of. */
const INITIAL_TTLS = [64, 128, 255];
/** A way back that is longer than the way there by more is a TTL that begins with something else. */
const ODD_HOPS = 10;

/** What shows that a SYN/ACK is not the host's own. Each of them holds where it has a place to show. */
export type ProxyFact =
  | "two routers behind the answer, same flow"
  | "two routers behind the answer, another variant"
  | "a router behind the answer, another variant"
  | "another stack answers the other variant"
  | "three routers behind the answer, another port"
  | "the window is 0"
  | "the answer's TTL is nearer than the two hops before it"
  | "the answer is faster than the two hops before it, and its TTL not farther";

/** Whether something before the host answers in its name: SYN proxies, split TCP, transparent proxies, injection. */
export const PROXY_RULES: readonly Rule<ProxyFact, boolean>[] = [
  {
    name: "path-goes-on",
    all: ["two routers behind the answer, same flow"],
    result: true,
    words: "routers behind the answer quote the very same flow",
  },
  {
    name: "other-variant-goes-on",
    all: ["two routers behind the answer, another variant"],
    result: true,
    words: "a SYN with other options passes where this one is answered, and two routers behind quote it",
  },
  {
    name: "other-stack-behind",
    all: ["a router behind the answer, another variant", "another stack answers the other variant"],
    result: true,
    words: "a SYN with other options is answered farther away, by a stack with other options and another window",
  },
  {
    name: "other-port-goes-on",
    all: ["three routers behind the answer, another port"],
    result: true,
    words: "on another port the same address lies three routers farther, over the same hop",
  },
  {
    name: "no-window",
    all: ["the window is 0"],
    result: true,
    words: "a SYN/ACK without a window is one of Linux' SYNPROXY, which waits for the server; a host gives one",
  },
  {
    name: "answers-from-nearer",
    all: ["the answer's TTL is nearer than the two hops before it"],
    result: true,
    words: "by its TTL the answer comes from three hops before the routers that it should come through",
  },
  {
    name: "answers-faster",
    all: ["the answer is faster than the two hops before it, and its TTL not farther"],
    result: true,
    words: "by time and TTL the answer comes from before the routers that it should come through",
  },
  { name: "own-answer", all: [], result: false, words: "nothing speaks against the host itself" },
];

/** Where a SYN/ACK that is not the host's comes from, and how long the whole path is at least; 0 where nobody knows. */
export interface Proxy {
  readonly after: Hop | undefined;
  readonly before: Hop;
  readonly pathLength: number;
}

/**
 * Looks for a SYN/ACK that is not the host's own at the end of a trace. Only answers that bring back their probe's TTL (in
 * timestamps) are believed to have come at that distance.
 */
export function proxyOf(trace: Trace, view: View): Proxy | null {
  const path = pathOf(trace);
  const answer = path.hops.findLast(isAnswer);
  const reply = view.synAcks.find(({ variant }) => variant === trace.variant);
  if (answer?.kind !== "synack" || reply === undefined) return null;
  const before = path.hops.findLast((hop) => hop.ttl < answer.ttl && isQuote(hop));
  const knowsTtl = reply.optionKinds.includes(OPTION_TIMESTAMPS);
  const here = (pathLength: number): Proxy => ({ after: before, before: answer, pathLength });
  const others = view.traces.filter(({ variant }) => variant !== trace.variant).map(pathOf);
  const { result, witnesses } = decide(PROXY_RULES, (fact: ProxyFact): readonly Proxy[] => {
    switch (fact) {
      case "two routers behind the answer, same flow":
        return knowsTtl ? goingOn(trace.hops, answer, 2).map(here) : [];
      case "two routers behind the answer, another variant":
        return knowsTtl ? others.flatMap((other) => beyond(other.hops, 2)) : [];
      case "a router behind the answer, another variant":
        return knowsTtl ? others.flatMap((other) => beyond(other.hops, 1)) : [];
      case "another stack answers the other variant":
        return others.some((other) => isAnotherStack(view, reply, other)) ? [here(0)] : [];
      case "three routers behind the answer, another port":
        return knowsTtl ? view.otherPorts.flatMap(({ hops }: OtherPort) => beyond(hops, 3)) : [];
      case "the window is 0":
        return reply.window === 0 ? [here(0)] : [];
      case "the answer's TTL is nearer than the two hops before it":
        return knowsTtl ? nearer(path, answer) : [];
      case "the answer is faster than the two hops before it, and its TTL not farther":
        return knowsTtl ? faster(path, answer) : [];
    }
  });
  const [proxy] = witnesses;
  return result && proxy !== undefined ? proxy : null;

  /** The same for another trace: only where it comes over the same last hop. */
  function beyond(hops: OtherPort["hops"], routers: number): Proxy[] {
    const isShared = hops.some(({ ttl, responder }) => ttl === before?.ttl && responder === before.responder);
    return isShared ? goingOn(hops, answer as Hop, routers).map(here) : [];
  }
}

/** The length of a path that has so many routers at the answer's distance or behind it; none where it has not. */
function goingOn(hops: OtherPort["hops"], answer: Hop, routers: number): number[] {
  const behind = hops.filter(
    ({ ttl, kind, responder }) => ttl >= answer.ttl && kind === "time-exceeded" && responder !== answer.responder,
  );
  if (new Set(behind.map(({ responder }) => responder)).size < routers) return [];
  const end = hops.find((hop) => isAnswer(hop) && hop.ttl > answer.ttl)?.ttl ?? 0;
  return [Math.max(end, ...behind.map(({ ttl }) => ttl + 1))];
}

/** One host gives the same options, MPTCP aside, and the same window to SYNs that offer the same. */
function isAnotherStack(view: View, reply: SynAck, other: Trace): boolean {
  const theirs = view.synAcks.find(({ variant }) => variant === other.variant);
  if (theirs === undefined || answerTtl(other) === 0) return false;
  return theirs.window !== reply.window && kindsOf(theirs) !== kindsOf(reply);
}

function kindsOf({ optionKinds }: SynAck): string {
  const usual = optionKinds.filter((kind) => kind !== OPTION_MPTCP && kind !== OPTION_EXPERIMENT);
  return [...new Set(usual)].sort((a, b) => a - b).join();
}

/** Routers that an answer came through, by its TTL. */
function wayBack({ replyTtl }: Hop): number {
  return (INITIAL_TTLS.find((initial) => initial >= replyTtl) ?? replyTtl) - replyTtl;
}

/** Quoting hops with a way back that is possible, and the last two of them where they lie right before the answer. */
function lastTwo(path: Trace, answer: Hop): { readonly usable: readonly Hop[]; readonly two: readonly Hop[] } {
  const usable = path.hops.filter((hop) => hop.kind === "time-exceeded" && wayBack(hop) - hop.ttl < ODD_HOPS);
  const two = usable.filter(({ ttl }) => ttl === answer.ttl - 1 || ttl === answer.ttl - 2);
  return { usable, two: two.length === 2 ? two : [] };
}

/** An answer that comes through `h` routers is made behind the h-th; the k-th router's own come through k - 1. */
function nearer(path: Trace, answer: Hop): Proxy[] {
  const { usable, two } = lastTwo(path, answer);
  const routers = wayBack(answer);
  if (two.length === 0 || two.some((hop) => wayBack(hop) < routers + NEARER_HOPS)) return [];
  return between(usable, routers, answer);
}

function faster(path: Trace, answer: Hop): Proxy[] {
  const { usable, two } = lastTwo(path, answer);
  const routers = wayBack(answer);
  const limitUs = 2 * (answer.rttUs ?? Number.POSITIVE_INFINITY) + 1_000;
  const isSlow = (hop: Hop): boolean => wayBack(hop) > routers && (hop.rttUs ?? 0) > limitUs;
  return two.length > 0 && two.every(isSlow) ? between(usable, routers, answer) : [];
}

function between(usable: readonly Hop[], routers: number, answer: Hop): Proxy[] {
  const after = usable.findLast((hop) => wayBack(hop) < routers);
  const before = usable.find((hop) => hop.ttl > (after?.ttl ?? 0) && wayBack(hop) >= routers);
  return before === undefined ? [] : [{ after, before, pathLength: answer.ttl }];
}
