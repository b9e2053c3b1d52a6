import type { HostVerdict, Placement, ViewVerdict } from "../../shared/verdict/names.js";
import type { PathChange, View } from "./evidence.js";
import { concernsMptcp } from "./locate.js";

/** Hops from either end of a path that count as near to it. */
const NEAR_HOPS = 2;

/** What all vantage points together say of one target. */
export interface Judgement {
  readonly hostVerdict: HostVerdict;
  readonly placement: Placement;
  /** Vantage points whose path shows a change, of all that looked. */
  readonly affected: readonly string[];
  /** The smallest set of hops that explains the changes: addresses of first dirty hops. */
  readonly explanation: readonly string[];
}

/** Judges one target over the views of all vantage points and the changes found on their paths. */
export function judge(views: readonly View[], changes: readonly PathChange[]): Judgement {
  const placement = place(views, changes);
  return {
    hostVerdict: hostVerdict(views, changes, placement),
    placement,
    affected: affectedVantages(views, changes),
    explanation: [...new Set(changes.map((change) => change.before))].sort(),
  };
}

/**
 * The thesis's classes over all evidence. One vantage point that gets a genuine answer over a path that leaves the
 * option alone is enough: a box in front of another vantage point cannot hide the host any more.
 */
function hostVerdict(views: readonly View[], changes: readonly PathChange[], placement: Placement): HostVerdict {
  // A box that knows one version only does not make the answer to the other one less genuine.
  const optionChanged = ({ vantage, verdict }: View) =>
    changes.some(
      (change) =>
        change.vantage === vantage &&
        concernsMptcp(change.condition) &&
        change.variant === (verdict === "claims-v0" ? "v0" : "v1"),
    );
  if (views.some((view) => isClaim(view.verdict) && !optionChanged(view))) return "mptcp";
  // An echo on the way from some vantage points alone says nothing of the host.
  const heard = views.filter((view) => answered(view.verdict));
  if (heard.length > 0 && heard.every((view) => isEcho(view.verdict))) return "echoing-middlebox";
  if (heard.some((view) => view.verdict === "plain" && !changes.some((one) => one.vantage === view.vantage))) {
    return "not-capable";
  }
  if (changes.some((change) => isLoss(change.condition)) || views.some((view) => isBlocked(view.verdict))) {
    return placement === "near-destination" ? "middlebox-near-host" : "not-reached";
  }
  return views.some((view) => answered(view.verdict)) ? "not-capable" : "not-reached";
}

/**
 * Where the boxes stand, from the intervals. Near the destination: every vantage point that looked is affected, and
 * the change shows at most two hops before the host. Near the source: it shows in the first two hops. Transit: anything
 * else.
 * What becomes of the MPTCP option decides, other changes only where it arrives.
 */
function place(views: readonly View[], changes: readonly PathChange[]): Placement {
  if (views.some(flaps)) return "flapping";
  const affected = affectedVantages(views, changes);
  if (affected.length === 0) {
    // Whether a router says so or nobody does: the host was not there.
    const seen = new Set(views.map(({ verdict }) => (verdict === "unreachable" ? "no-reply" : verdict)));
    return seen.size <= 1 ? "agree" : "uncertain";
  }
  if (changes.length === 0) return "uncertain";
  const telling = changes.some((change) => concernsMptcp(change.condition))
    ? changes.filter((change) => concernsMptcp(change.condition))
    : changes;
  const touched = new Set(telling.map((change) => change.vantage));
  const everyPath = views.every(
    (view) => view.traces.length === 0 || touched.has(view.vantage) || isBlocked(view.verdict) || isEcho(view.verdict),
  );
  // No hop tells where an answer turned into an echo, only who sees it.
  if (telling.every((change) => isEchoed(change.condition))) return everyPath ? "near-destination" : "uncertain";
  if (
    everyPath &&
    telling.every((change) => change.pathLength > 0 && change.pathLength - change.beforeTtl <= NEAR_HOPS)
  ) {
    return "near-destination";
  }
  return telling.every((change) => change.beforeTtl <= NEAR_HOPS) ? "near-source" : "transit";
}

function affectedVantages(views: readonly View[], changes: readonly PathChange[]): string[] {
  const affected = new Set(changes.map((change) => change.vantage));
  for (const view of views) if (isBlocked(view.verdict) || isEcho(view.verdict)) affected.add(view.vantage);
  return [...affected].sort();
}

/** One vantage point, one probe, two answers: the SYN stage and the trace disagree. */
function flaps(view: View): boolean {
  return view.traces.some((trace) => {
    const scanned =
      trace.variant === "v0"
        ? view.v0
        : trace.variant === "v1"
          ? view.v1
          : trace.variant === "plain"
            ? view.plain
            : view.unknown;
    const answers = trace.hops.filter((hop) => hop.kind === "synack").map((hop) => hop.verdict);
    return answers.some((answer) => answered(scanned) && scanned !== "rst" && answer !== scanned);
  });
}

function isEchoed(condition: string): boolean {
  return condition === "tcp.option.mptcp.echoed";
}

/** The option did not get to the host as it was sent. */
function isLoss(condition: string): boolean {
  return concernsMptcp(condition) && !isEchoed(condition);
}

function isClaim(verdict: ViewVerdict): boolean {
  return verdict === "claims-v0" || verdict === "claims-v1";
}

function isEcho(verdict: ViewVerdict): boolean {
  return verdict === "echo" || verdict === "altered-echo";
}

function isBlocked(verdict: ViewVerdict): boolean {
  return verdict === "blocked-on-mptcp" || verdict === "blocked-on-unknown-option";
}

function answered(verdict: ViewVerdict): boolean {
  return verdict !== "no-reply" && verdict !== "unreachable";
}
