import { columns } from "../../shared/cli/table.js";
import { isMarking } from "../../shared/verdict/marking.js";
import { HANDSHAKE_VERDICTS } from "../../shared/verdict/names.js";
import { changeWords, PLACEMENT_WORDS } from "../../shared/verdict/words.js";
import type { Doorstep } from "../vantage/record.js";
import type { Comparison, HandshakeCount, Middlebox, TargetSummary } from "./document.js";
import type { PathChange } from "./evidence.js";

/** A comparison as a person reads it: classes, the disagreements as a matrix, the boxes. Ends with a newline. */
export function printComparison(comparison: Comparison): string {
  const parts = [
    `Campaign ${comparison.campaign}: ${comparison.targets.toLocaleString("en")} targets with a reply, ` +
      `asked from ${comparison.vantages.join(", ")}`,
    section("Hosts", classTable(comparison)),
    section("Handshakes, by what they came to", handshakeTable(comparison.handshakes)),
    section("Targets that the vantage points do not see alike, or with a box on the path", matrix(comparison)),
    section("Middleboxes, by the interval where the change happens", comparison.middleboxes.map(boxRow)),
    section("At the vantage points' own doorsteps, as their self-tests found", comparison.doorsteps.map(doorstepRow)),
    section("Packets marked anew (DSCP, ECN), by the interval where that happens", comparison.markings.map(boxRow)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? "" : `${title}\n${columns(rows)}`;
}

function classTable(comparison: Comparison): string[][] {
  return comparison.classes.map((count) => [
    count.targets.toLocaleString("en").padStart(9),
    count.hostVerdict,
    count.placement,
    PLACEMENT_WORDS[count.placement],
  ]);
}

function handshakeTable(counts: readonly HandshakeCount[]): string[][] {
  if (counts.length === 0) return [];
  const rows = new Map(counts.map(({ vantage, variant }) => [`${vantage} ${variant}`, { vantage, variant }]));
  return [
    ["vantage", "MPTCP", ...HANDSHAKE_VERDICTS],
    ...[...rows.values()].map(({ vantage, variant }) => [
      vantage,
      variant,
      ...HANDSHAKE_VERDICTS.map((verdict) => {
        const count = counts.find(
          (one) => one.vantage === vantage && one.variant === variant && one.verdict === verdict,
        );
        return (count?.targets ?? 0).toLocaleString("en");
      }),
    ]),
  ];
}

function matrix(comparison: Comparison): string[][] {
  if (comparison.disagreements.length === 0) return [];
  const header = ["target", "port", ...comparison.vantages, "host", "where", "interval"];
  return [header, ...comparison.disagreements.map((target) => matrixRow(target, comparison.vantages))];
}

function matrixRow(target: TargetSummary, vantages: readonly string[]): string[] {
  return [
    target.target,
    String(target.port),
    ...vantages.map((vantage) => target.views[vantage] ?? "-"),
    target.hostVerdict,
    target.placement,
    intervals(target.changes).join("; "),
  ];
}

/** Markings are named where there is nothing else. */
function intervals(changes: readonly PathChange[]): string[] {
  const others = changes.filter(({ condition }) => !isMarking(condition));
  return [...new Set((others.length > 0 ? others : changes).map(interval))];
}

function interval(change: PathChange | Middlebox): string {
  return `${change.after ?? "(source)"} | ${change.before}`;
}

function boxRow(box: Middlebox): string[] {
  const targets = `${box.targets} target${box.targets === 1 ? "" : "s"}`;
  const looks = box.fingerprints.length === 0 ? "" : `like ${box.fingerprints.join(", ")}`;
  const confidence = `confidence ${box.confidence.toFixed(2)}`;
  return [interval(box), changeWords(box.condition), `from ${box.vantages.join(", ")}`, targets, confidence, looks];
}

function doorstepRow(doorstep: Doorstep): string[] {
  return [doorstep.vantage, doorstepWords(doorstep)];
}

/** What a box at the vantage point itself does to every SYN from there. */
export function doorstepWords({ agent, reference, changes }: Doorstep): string {
  return `SYNs of ${agent} reached ${reference} changed: ${changes.map(changeWords).join("; ")}`;
}
