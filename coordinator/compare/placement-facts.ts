import { isMarking } from "../../shared/verdict/marking.js";
import { concernsMptcp, isTurned, PROXIED } from "./conditions.js";
import { type LocatedChange, scanned, type View } from "./evidence.js";
import type { PlacementFact } from "./placement-rules.js";
import { isBlocked, isEcho, isRefuted } from "./seen.js";
import { changeWitness, viewWitness, type Witness } from "./witness.js";

/** Hops from either end of a path that count as near to it. */
export const NEAR_HOPS = 2;

/** Finds who bears witness to a fact of the rules on places. */
export function placementWitnesses(
  views: readonly View[],
  changes: readonly LocatedChange[],
): (fact: PlacementFact) => readonly Witness[] {
  const telling = mostTelling(changes);
  const touched = new Set(telling.map(({ vantage }) => vantage));
  const tellingWhere = (isThere: (change: LocatedChange) => boolean): readonly Witness[] =>
    telling.every(isThere) ? telling.map(changeWitness) : [];
  return (fact) => {
    switch (fact) {
      case "scan and trace disagree":
        return views.filter(flaps).map(flapWitness);
      case "somebody is affected":
        return affectedVantages(views, changes).map((vantage) => witness(vantage, "is affected"));
      case "the views differ":
        return differing(views);
      case "a trace shows a change":
        return changes.map(changeWitness);
      case "only answers show it":
        return tellingWhere(({ condition }) => isTurned(condition));
      case "every path is affected":
        return everyPath(views, touched);
      case "it shows within two hops of the host":
        return tellingWhere(({ pathLength, beforeTtl }) => pathLength > 0 && pathLength - beforeTtl <= NEAR_HOPS);
      case "all affected paths meet there": {
        const isOneHop = touched.size > 1 && new Set(telling.map(({ after }) => after)).size === 1;
        return isOneHop ? tellingWhere(({ condition }) => condition === PROXIED) : [];
      }
      case "a path is clean until two hops before the host":
        return firstOfEachPath(telling).filter(endsClean).map(changeWitness);
      case "it shows within the first two hops":
        return everyFirst(telling, ({ beforeTtl }) => beforeTtl <= NEAR_HOPS);
      case "it may stand within the first two hops":
        return everyFirst(telling, ({ afterTtl }) => afterTtl < NEAR_HOPS);
    }
  };
}

/** What becomes of the MPTCP option; where it arrives, other changes; how packets are marked where that is all. */
function mostTelling(changes: readonly LocatedChange[]): readonly LocatedChange[] {
  const ofMptcp = changes.filter(({ condition }) => concernsMptcp(condition));
  if (ofMptcp.length > 0) return ofMptcp;
  const others = changes.filter(({ condition }) => !isMarking(condition));
  return others.length > 0 ? others : changes;
}

/** What shows first on each path, with what all of its traces say of the hop before: a lost answer widens one interval. */
function firstOfEachPath(telling: readonly LocatedChange[]): LocatedChange[] {
  const first = new Map<string, LocatedChange>();
  for (const change of telling) {
    const before = first.get(change.vantage);
    if (before === undefined || change.beforeTtl < before.beforeTtl) first.set(change.vantage, change);
  }
  return [...first.values()].map((change) => {
    const { vantage, condition, beforeTtl } = change;
    const clean = telling.filter((one) => one.vantage === vantage && one.condition === condition);
    return { ...change, afterTtl: Math.max(...clean.map(({ afterTtl }) => afterTtl).filter((ttl) => ttl < beforeTtl)) };
  });
}

function everyFirst(telling: readonly LocatedChange[], holds: (change: LocatedChange) => boolean): readonly Witness[] {
  const first = firstOfEachPath(telling);
  return first.every(holds) ? first.map(changeWitness) : [];
}

/** Wherever in its interval the box stands, it is near to the host. */
function endsClean({ pathLength, afterTtl }: LocatedChange): boolean {
  return pathLength > 0 && afterTtl > 0 && pathLength - (afterTtl + 1) <= NEAR_HOPS;
}

/** Vantage points whose path shows a change, or whose view is a box's work. */
export function affectedVantages(views: readonly View[], changes: readonly LocatedChange[]): string[] {
  const affected = new Set(changes.map(({ vantage }) => vantage));
  for (const view of views) if (isBoxed(view)) affected.add(view.vantage);
  return [...affected].sort();
}

function isBoxed(view: View): boolean {
  return isEcho(view.verdict) || isBlocked(view);
}

/** Whether a router says so or nobody does: the host was not there. */
function differing(views: readonly View[]): readonly Witness[] {
  const seen = (view: View) => (view.verdict === "unreachable" ? "no-reply" : isRefuted(view) ? "plain" : view.verdict);
  return new Set(views.map(seen)).size <= 1 ? [] : views.map(viewWitness);
}

function everyPath(views: readonly View[], touched: ReadonlySet<string>): readonly Witness[] {
  const isAll = views.every((view) => view.traces.length === 0 || touched.has(view.vantage) || isBoxed(view));
  return isAll
    ? views.filter(({ traces }) => traces.length > 0).map((view) => witness(view.vantage, "is affected"))
    : [];
}

/** One vantage point, one probe, two answers: the SYN stage and the trace disagree. */
function flaps(view: View): boolean {
  return view.traces.some(({ variant, hops }) => {
    const before = scanned(view, variant);
    const isTelling = before !== "no-reply" && before !== "unreachable" && before !== "rst";
    return isTelling && hops.some(({ kind, verdict }) => kind === "synack" && verdict !== before);
  });
}

function witness(vantage: string, words: string): Witness {
  return { vantage, variant: null, hop: null, words };
}

function flapWitness({ vantage }: View): Witness {
  return witness(vantage, "got one answer in its scan and another one in its trace");
}
