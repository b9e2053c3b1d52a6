import type { HostVerdict, Placement, ViewVerdict } from "../../shared/verdict/names.js";
import type { TargetSummary } from "../compare/document.js";

/** What the lab was built to be, for one target: what a campaign over it must find. Addresses are text. */
export interface ExpectedTarget {
  readonly network: string;
  readonly address: string;
  readonly port: number;
  readonly hostVerdict: HostVerdict;
  readonly placement: Placement;
  readonly views: Readonly<Record<string, ViewVerdict>>;
  readonly changes: readonly ExpectedChange[];
}

/** A change that a vantage point must find, with the hops of its interval. */
export interface ExpectedChange {
  readonly vantage: string;
  readonly condition: string;
  readonly after: string | null;
  readonly before: string;
}

/** Differences between the lab's truth and what was found, a line each; none when all is as it should be. */
export function differences(expected: readonly ExpectedTarget[], found: readonly TargetSummary[]): string[] {
  const byTarget = new Map(found.map((target) => [`${target.target} ${target.port}`, target]));
  return expected.flatMap((target) => {
    const summary = byTarget.get(`${target.address} ${target.port}`);
    return compareTarget(target, summary).map(
      (line) => `${target.network}: ${target.address} port ${target.port}: ${line}`,
    );
  });
}

function compareTarget(expected: ExpectedTarget, found: TargetSummary | undefined): string[] {
  if (found === undefined) {
    const silent = Object.values(expected.views).every((verdict) => verdict === "no-reply");
    return silent ? [] : ["is not in the comparison"];
  }
  const lines: string[] = [];
  const expect = (what: string, wanted: string, got: string) => {
    if (wanted !== got) lines.push(`${what} is ${got}, should be ${wanted}`);
  };
  expect("host verdict", expected.hostVerdict, found.hostVerdict);
  expect("placement", expected.placement, found.placement);
  for (const [vantage, verdict] of Object.entries(expected.views)) {
    expect(`view of ${vantage}`, verdict, found.views[vantage] ?? "missing");
  }
  const wanted = new Set(expected.changes.map(changeText));
  const got = new Set(found.changes.map(changeText));
  for (const change of wanted) if (!got.has(change)) lines.push(`not found: ${change}`);
  for (const change of got) if (!wanted.has(change)) lines.push(`found, but not there: ${change}`);
  return lines;
}

function changeText(change: ExpectedChange): string {
  return `${change.condition} from ${change.vantage} between ${change.after ?? "the source"} and ${change.before}`;
}
