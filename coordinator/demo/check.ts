import type { TruthChange, TruthTarget } from "../../deploy/lab/truth.js";
import type { TargetSummary } from "../compare/document.js";

/** Differences between the lab's truth and what was found, a line each; none when all is as it should be. */
export function differences(expected: readonly TruthTarget[], found: readonly TargetSummary[]): string[] {
  const byTarget = new Map(found.map((target) => [`${target.target} ${target.port}`, target]));
  return expected.flatMap((target) => {
    const summary = byTarget.get(`${target.address} ${target.port}`);
    return compareTarget(target, summary).map(
      (line) => `${target.network}: ${target.address} port ${target.port}: ${line}`,
    );
  });
}

function compareTarget(expected: TruthTarget, found: TargetSummary | undefined): string[] {
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

function changeText(change: TruthChange): string {
  return `${change.condition} from ${change.vantage} between ${change.after ?? "the source"} and ${change.before}`;
}
