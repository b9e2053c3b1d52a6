import { isMarking } from "../../shared/verdict/marking.js";
import { RULE_VERSION } from "../../shared/verdict/rules.js";
import {
  AFTER_WORDS,
  changeWords,
  HANDSHAKE_WORDS,
  HOST_WORDS,
  JOIN_WORDS,
  PLACEMENT_WORDS,
  VIEW_WORDS,
} from "../../shared/verdict/words.js";
import type { Explanation } from "../compare/document.js";
import type { Handshake, Hop, PathChange, Trace } from "../compare/evidence.js";
import { FINGERPRINTS } from "../compare/fingerprints.js";
import { doorstepWords } from "../compare/print.js";

/** An explanation in plain words, with the evidence under it. Ends with a newline. */
export function printExplanation(explanation: Explanation): string {
  const lines = [
    `${explanation.target} port ${explanation.port} ${HOST_WORDS[explanation.hostVerdict]}; ${PLACEMENT_WORDS[explanation.placement]}.`,
    ...whyLines(explanation),
    "",
    "What each vantage point saw",
  ];
  const width = Math.max(...explanation.evidence.map((view) => view.vantage.length));
  for (const view of explanation.evidence) {
    lines.push(`  ${view.vantage.padEnd(width)}  ${VIEW_WORDS[view.verdict]}  [${view.verdict}]`);
    for (const line of changeLines(explanation.changes, view.vantage)) lines.push(`  ${"".padEnd(width)}  ${line}`);
    for (const doorstep of explanation.doorsteps.filter(({ vantage }) => vantage === view.vantage)) {
      lines.push(`  ${"".padEnd(width)}  note, on its own doorstep: ${doorstepWords(doorstep)}`);
    }
  }
  const shaken = explanation.evidence.filter((view) => view.handshakes.length > 0);
  if (shaken.length > 0) lines.push("", "Handshakes with it");
  for (const view of shaken) {
    for (const handshake of view.handshakes) {
      const { variant, verdict } = handshake;
      lines.push(`  ${view.vantage.padEnd(width)}  ${variant}  ${handshakeWords(handshake)}  [${verdict}]`);
    }
  }
  const traced = explanation.evidence.filter((view) => view.traces.length > 0);
  if (traced.length > 0) lines.push("", "The paths, hop by hop (SYN with the option)");
  for (const view of traced) {
    const trace = mostTelling(view.traces);
    if (trace === undefined) continue;
    lines.push(`  from ${view.vantage}, ${trace.variant}`);
    for (const hop of trace.hops) {
      const told = hop.icmpExtensions.map((text) => `  <${text}>`).join("");
      lines.push(`    ${String(hop.ttl).padStart(2)}  ${hop.responder.padEnd(18)} ${hopWords(hop)}${told}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The rules that judged, and what they stand on; vantage points that bear the same witness are named together. */
function whyLines({ campaign, why, hostVerdict, placement, ruleVersion }: Explanation): string[] {
  const lines = ["", "Why"];
  for (const { rule, words, witnesses } of [why.host, why.placement]) {
    lines.push(`  ${words}  [${rule}]`);
    const vantages = new Map<string, Set<string>>();
    for (const witness of witnesses) {
      vantages.set(witness.words, (vantages.get(witness.words) ?? new Set()).add(witness.vantage));
    }
    for (const [said, by] of vantages) lines.push(`    because ${[...by].join(", ")} ${said}`);
  }
  if (why.host.result !== hostVerdict || why.placement.result !== placement) {
    lines.push(
      `  The campaign was judged by rules of version ${ruleVersion}; these are of version ${RULE_VERSION}, and say ` +
        `${why.host.result}, ${why.placement.result}: \`parallax replay ${campaign} --apply\` judges it again.`,
    );
  }
  return lines;
}

/** A sentence per change and interval, and how sure it is; variants that show the same one are named together. */
function changeLines(changes: readonly PathChange[], vantage: string): string[] {
  const bySentence = new Map<string, PathChange[]>();
  const markingsLast = changes.toSorted((a, b) => Number(isMarking(a.condition)) - Number(isMarking(b.condition)));
  for (const change of markingsLast) {
    if (change.vantage !== vantage) continue;
    const sentence = `${changeWords(change.condition)} ${intervalWords(change)}`;
    bySentence.set(sentence, [...(bySentence.get(sentence) ?? []), change]);
  }
  return [...bySentence].flatMap(([sentence, alike]) => [
    `${sentence} (${alike
      .map(({ variant }) => variant)
      .sort()
      .join(", ")})`,
    ...alike.slice(0, 1).flatMap(weightLines),
  ]);
}

/** All that one handshake showed, in one line. */
function handshakeWords({ verdict, after, join, noJoin, addresses }: Handshake): string {
  return [
    HANDSHAKE_WORDS[verdict],
    ...(after === "" ? [] : [AFTER_WORDS[after]]),
    ...(join === "" ? [] : [JOIN_WORDS[join]]),
    ...(noJoin ? ["it wants no further subflows to this address"] : []),
    ...(addresses.length === 0 ? [] : [`it announces ${addresses.join(", ")}`]),
  ].join("; ");
}

/** The trace that shows a change other than a marking, of those the one with MPTCP v1; else any. */
function mostTelling(traces: readonly Trace[]): Trace | undefined {
  const telling = traces.filter(({ hops }) => hops.some((hop) => changesOf(hop).length > 0 || isEcho(hop)));
  const chosen = telling.length > 0 ? telling : traces;
  return chosen.find((trace) => trace.variant === "v1") ?? chosen[0];
}

function changesOf({ changes }: Hop): readonly string[] {
  return changes.filter((change) => !isMarking(change));
}

function isEcho(hop: Hop): boolean {
  return hop.verdict === "echo" || hop.verdict === "altered-echo";
}

function hopWords(hop: Hop): string {
  if (hop.kind === "synack") return `answers: ${hop.verdict}`;
  if (hop.kind === "rst") return "answers with RST";
  const markings = hop.changes.filter(isMarking).map(changeWords);
  const marked = markings.length === 0 ? "" : `; marking: ${markings.join("; ")}`;
  const changes = changesOf(hop).map(changeWords);
  if (changes.length > 0) return `quotes it changed: ${changes.join("; ")}${marked}`;
  if (hop.mptcp === "unobservable") return `quotes too little to show the option${marked}`;
  return `${hop.kind === "unreachable" ? "unreachable; quotes it as sent" : "quotes it as sent"}${marked}`;
}

/** How sure that is, and what the box looks like. */
function weightLines({ confidence, traces, openHops, fingerprints }: PathChange): string[] {
  const seen = traces === 1 ? "1 trace shows it there" : `${traces} traces show it there`;
  const open = openHops === 1 ? ", 1 hop in between says nothing" : `, ${openHops} hops in between say nothing`;
  const looks = FINGERPRINTS.filter(({ name }) => fingerprints.includes(name));
  return [
    `  confidence ${confidence.toFixed(2)}: ${seen}${openHops === 0 ? "" : open}`,
    ...looks.map(({ name, words }) => `  looks like ${words}  [${name}]`),
  ];
}

/** Where a change happened, as the end of a sentence. */
function intervalWords(change: PathChange): string {
  const from = change.after === null ? "the vantage point itself" : `hop ${change.afterTtl} (${change.after})`;
  const to =
    change.beforeTtl === change.pathLength
      ? `the host's answer at hop ${change.beforeTtl}`
      : `hop ${change.beforeTtl} (${change.before})`;
  return `between ${from} and ${to}`;
}
