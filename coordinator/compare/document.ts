import type { HandshakeVerdict, HostVerdict, Placement, ViewVerdict } from "../../shared/verdict/names.js";
import type { Ruling } from "../../shared/verdict/rules.js";
import type { Doorstep } from "../vantage/record.js";
import type { PathChange, View } from "./evidence.js";
import type { Witness } from "./witness.js";

/** What `compare CAMPAIGN` answers; `--json` prints it as it is. Addresses are text. */
export interface Comparison {
  readonly campaign: string;
  readonly vantages: readonly string[];
  /** Targets that at least one vantage point had an answer from. */
  readonly targets: number;
  readonly classes: readonly ClassCount[];
  readonly verdicts: readonly VerdictCount[];
  /** Empty where the campaign made no handshakes. */
  readonly handshakes: readonly HandshakeCount[];
  readonly disagreements: readonly TargetSummary[];
  readonly middleboxes: readonly Middlebox[];
  /** Where DSCP and ECN are rewritten: common, and apart from boxes that touch TCP. */
  readonly markings: readonly Middlebox[];
  /** Boxes at the vantage points themselves, as their agents' self-tests know of them. */
  readonly doorsteps: readonly Doorstep[];
}

export interface ClassCount {
  readonly hostVerdict: HostVerdict;
  readonly placement: Placement;
  readonly targets: number;
}

export interface VerdictCount {
  readonly vantage: string;
  readonly port: number;
  readonly verdict: ViewVerdict;
  readonly targets: number;
}

export interface HandshakeCount {
  readonly vantage: string;
  readonly variant: "v0" | "v1";
  readonly verdict: HandshakeVerdict;
  readonly targets: number;
}

/** One target over all vantage points. */
export interface TargetSummary {
  readonly target: string;
  readonly port: number;
  readonly hostVerdict: HostVerdict;
  /** Rule that gave the host verdict. */
  readonly hostRule: string;
  readonly placement: Placement;
  readonly placementRule: string;
  /** Version of the rules that judged. */
  readonly ruleVersion: number;
  readonly views: Readonly<Record<string, ViewVerdict>>;
  readonly changes: readonly PathChange[];
}

/** Paths that share an interval and a condition share a box, or the border of a network. */
export interface Middlebox {
  readonly condition: string;
  readonly after: string | null;
  readonly before: string;
  readonly vantages: readonly string[];
  readonly targets: number;
  /** The highest of those of its intervals. */
  readonly confidence: number;
  /** Known boxes that it looks like. */
  readonly fingerprints: readonly string[];
}

/** What `explain ADDRESS` answers: one target with all its evidence. */
export interface Explanation extends TargetSummary {
  readonly campaign: string;
  readonly evidence: readonly View[];
  readonly doorsteps: readonly Doorstep[];
  /** What the rules of this program say of the evidence, and what that stands on. */
  readonly why: {
    readonly host: Ruling<HostVerdict, Witness>;
    readonly placement: Ruling<Placement, Witness>;
  };
}
