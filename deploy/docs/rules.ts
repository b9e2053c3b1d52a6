import { FINGERPRINTS, type Fingerprint } from "../../coordinator/compare/fingerprints.js";
import { HOST_RULES } from "../../coordinator/compare/host-rules.js";
import { PLACEMENT_RULES } from "../../coordinator/compare/placement-rules.js";
import { PROXY_RULES } from "../../coordinator/compare/proxied.js";
import { AFTER_RULES, HANDSHAKE_RULES } from "../../shared/verdict/handshake-rules.js";
import { RULE_VERSION, type Rule } from "../../shared/verdict/rules.js";
import { VIEW_RULES } from "../../shared/verdict/view.js";

const HEAD = `# Verdicts

How Parallax comes from packets to words, as its tables of rules have it. Rules of this page: version ${RULE_VERSION}; the version is in every row that they made. This page is written by \`npm run generate:docs\` from the tables themselves.

A table is read from above: the first rule whose facts all hold decides, and the evidence of those facts is what \`parallax explain\` names as its reason. The last rule of a table holds always.
`;

const CONFIDENCE = `
## Intervals and their confidence

A change lies between the last hop whose quote shows the field as it was sent and the first hop whose quote shows it changed. A hop that is silent, or whose quote ends before the field, is neither.

    confidence = (1 - 2^-traces) / (1 + open hops)

*traces* counts the traces, of all variants and vantage points, that show the same condition first at the same hop: one alone leaves a doubt of a half, every other one halves it. *open hops* counts the hops of the interval that say neither. An echo, or a claim that no handshake bears out, shows in an answer only: all hops before it are open.

\`tcp.option.mptcp.blocked\` is told by silence, and silence is what lost packets make as well. It takes two hops at least that answered the control and were silent to the option in all attempts, or a SYN scan that met the same silence. A SYN scan that says \`blocked-on-mptcp\` counts as packet loss where the traces of the same variants got their SYN/ACKs.
`;

/** The tables of rules and fingerprints, in Markdown. */
export function rulesDocument(): string {
  return [
    HEAD,
    section("View: one vantage point, one target", "From the answers to the SYNs of all variants.", VIEW_RULES),
    section("Handshake", "From one handshake with one target, in one version.", HANDSHAKE_RULES),
    section("After the handshake", "What was done to its connection; empty for nothing.", AFTER_RULES),
    section(
      "Host: all vantage points",
      "A clean path is one none of whose quotes shows a change of the option (for a plain answer: of anything). A claim falls back where every handshake in its version, from whatever vantage point, went on as TCP.",
      HOST_RULES,
    ),
    section(
      "Place of the box",
      "What becomes of the MPTCP option decides; other changes only where it arrives everywhere.",
      PLACEMENT_RULES,
    ),
    section(
      "Answers in the host's name",
      "Looked for in every trace that ends with a SYN/ACK; `true` is the condition `tcp.synack.proxied`. Distances count only where the answer brings its probe's TTL back in its timestamps.",
      PROXY_RULES,
    ),
    CONFIDENCE,
    fingerprints(),
  ].join("");
}

function section(title: string, words: string, rules: readonly Rule<string, string | boolean>[]): string {
  const lines = rules.map(({ name, all, none = [], result, words: why }) => {
    const facts = [...all, ...none.map((fact) => `not: ${fact}`)].join("; ");
    return `| \`${name}\` | ${facts === "" ? "always" : facts} | ${result === "" ? "" : `\`${result}\``} | ${why} |\n`;
  });
  return `\n## ${title}\n\n${words}\n\n| rule | when | result | why |\n|---|---|---|---|\n${lines.join("")}`;
}

function fingerprints(): string {
  const lines = FINGERPRINTS.map(
    (one) => `| \`${one.name}\` | ${marksOf(one)} | looks like ${one.words} | ${one.source} |\n`,
  );
  return `\n## Fingerprints\n\nWhat one vantage point finds in one interval, and what known boxes leave. A box may look like several; none is proof of a product.\n\n| name | marks | words | source |\n|---|---|---|---|\n${lines.join("")}`;
}

function marksOf({ all, some = [], none = [] }: Fingerprint): string {
  const quoted = (marks: readonly string[]) => marks.map((mark) => `\`${mark}\``);
  return [
    ...quoted(all),
    ...(some.length === 0 ? [] : [`one of ${quoted(some).join(", ")}`]),
    ...(none.length === 0 ? [] : [`none of ${quoted(none).join(", ")}`]),
  ].join("; ");
}
