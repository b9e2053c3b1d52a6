import type { HostVerdict, Placement, ViewVerdict } from "../../shared/verdict/names.js";
import type { PathChange, View } from "./evidence.js";

/** What `compare CAMPAIGN` answers; `--json` prints it as it is. Addresses are text. */
export interface Comparison {
  readonly campaign: string;
  readonly vantages: readonly string[];
  /** Targets that at least one vantage point had an answer from. */
  readonly targets: number;
  readonly classes: readonly ClassCount[];
  readonly verdicts: readonly VerdictCount[];
  readonly disagreements: readonly TargetSummary[];
  readonly middleboxes: readonly Middlebox[];
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

/** One target over all vantage points. */
export interface TargetSummary {
  readonly target: string;
  readonly port: number;
  readonly hostVerdict: HostVerdict;
  readonly placement: Placement;
  readonly views: Readonly<Record<string, ViewVerdict>>;
  readonly changes: readonly PathChange[];
}

/** Paths that share an interval and a condition share a box. */
export interface Middlebox {
  readonly condition: string;
  readonly after: string | null;
  readonly before: string;
  readonly vantages: readonly string[];
  readonly targets: number;
}

/** What `explain ADDRESS` answers: one target with all its evidence. */
export interface Explanation extends TargetSummary {
  readonly campaign: string;
  readonly evidence: readonly View[];
}
