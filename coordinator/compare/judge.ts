import type { HostVerdict, Placement } from "../../shared/verdict/names.js";
import { decide, type Ruling } from "../../shared/verdict/rules.js";
import { disownedVersions } from "./claims.js";
import { weigh } from "./confidence.js";
import type { LocatedChange, PathChange, View } from "./evidence.js";
import { fingerprintsOf } from "./fingerprints.js";
import { hostWitnesses } from "./host-facts.js";
import { HOST_RULES } from "./host-rules.js";
import { locateChanges } from "./locate.js";
import { affectedVantages, placementWitnesses } from "./placement-facts.js";
import { PLACEMENT_RULES } from "./placement-rules.js";
import type { Witness } from "./witness.js";

/** What all vantage points together say of one target. */
export interface Judgement {
  readonly host: Ruling<HostVerdict, Witness>;
  readonly placement: Ruling<Placement, Witness>;
  /** Vantage points whose path shows a change, of all that looked. */
  readonly affected: readonly string[];
  /** The smallest set of hops that explains the changes: addresses of first dirty hops. */
  readonly explanation: readonly string[];
}

/** All changes on all paths to one target, with the confidence of their intervals and the boxes that they look like. */
export function changesOn(views: readonly View[]): PathChange[] {
  const disowned = disownedVersions(views);
  const located = views.flatMap((view) => locateChanges(view, disowned));
  return located.map((change) => ({
    ...change,
    ...weigh(change, located),
    fingerprints: fingerprintsOf(change, located, views),
  }));
}

/** Judges one target over the views of all vantage points and the changes found on their paths. */
export function judge(views: readonly View[], changes: readonly LocatedChange[]): Judgement {
  const placement = decide(PLACEMENT_RULES, placementWitnesses(views, changes));
  const nearHost = placement.result === "near-destination" ? placement.witnesses : [];
  return {
    host: decide(HOST_RULES, hostWitnesses({ views, changes, nearHost })),
    placement,
    affected: affectedVantages(views, changes),
    explanation: [...new Set(changes.map((change) => change.before))].sort(),
  };
}
