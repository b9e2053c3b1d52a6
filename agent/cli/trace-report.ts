import { formatAddress } from "../../shared/address/address.js";
import type { TraceHopRow } from "../../shared/batch/rows.js";
import type { Variant } from "../../shared/probe/variant.js";
import { isMarking } from "../../shared/verdict/marking.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import { upToPathEnd } from "../../shared/verdict/path-end.js";
import { changeWords } from "../../shared/verdict/words.js";

/** Colours for a terminal; `plainPaint` elsewhere. */
export interface Paint {
  heading(text: string): string;
  clean(text: string): string;
  changed(text: string): string;
  faint(text: string): string;
}

const same = (text: string): string => text;
export const plainPaint: Paint = { heading: same, clean: same, changed: same, faint: same };

const ansi =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
export const terminalPaint: Paint = { heading: ansi(1), clean: ansi(32), changed: ansi(31), faint: ansi(2) };

export interface TraceReport {
  readonly target: Uint8Array;
  readonly port: number;
  readonly variant: Variant;
  /** In any order. */
  readonly hops: readonly TraceHopRow[];
}

const PROBE_WORDS: Readonly<Record<Variant, string>> = {
  v0: "SYN with MP_CAPABLE v0",
  v1: "SYN with MP_CAPABLE v1",
  plain: "SYN without an MPTCP option",
  "unknown-option": "SYN with an unassigned experimental option",
};

export const ANSWER_WORDS: Readonly<Record<SynVerdict, string>> = {
  "no-reply": "no answer",
  rst: "RST, the connection is refused",
  unreachable: "unreachable",
  plain: "SYN/ACK without an MPTCP option",
  echo: "SYN/ACK that repeats the probe's MPTCP option",
  "altered-echo": "SYN/ACK that repeats the probe's MPTCP option, altered",
  "claims-v0": "SYN/ACK with MPTCP v0",
  "claims-v1": "SYN/ACK with MPTCP v1",
  malformed: "SYN/ACK with an MPTCP option of impossible form",
};

/** One trace as lines for a person: a heading, a line per hop, then where each change happened. */
export function formatTrace(report: TraceReport, paint: Paint): string[] {
  const hops = upToPathEnd(report.hops);
  const last = hops.at(-1);
  const lines = [paint.heading(`${formatAddress(report.target)} port ${report.port}, ${PROBE_WORDS[report.variant]}`)];
  for (let ttl = 1; ttl <= (last?.ttl ?? 0); ttl++) {
    const hop = hops.find((one) => one.ttl === ttl);
    const number = String(ttl).padStart(3);
    if (hop === undefined) {
      lines.push(paint.faint(`${number}  no answer`));
      continue;
    }
    const rtt = hop.rttUs === null ? "" : `${(hop.rttUs / 1000).toFixed(1)} ms`;
    const where = `${number}  ${formatAddress(hop.responder).padEnd(15)}  ${rtt.padStart(9)}  `;
    lines.push(
      `${where}${hopWords(hop, paint)}${hop.icmpExtensions.map((text) => paint.faint(`  <${text}>`)).join("")}`,
    );
  }
  return [...lines, ...conclusion(hops, paint)];
}

function hopWords(hop: TraceHopRow, paint: Paint): string {
  switch (hop.kind) {
    case "synack":
    case "rst":
      return hop.verdict === "" ? hop.kind : ANSWER_WORDS[hop.verdict];
    case "unreachable":
      return `unreachable (ICMP type ${hop.icmpType}, code ${hop.icmpCode}); ${quoteWords(hop, paint)}`;
    case "time-exceeded":
      return quoteWords(hop, paint);
  }
}

function quoteWords(hop: TraceHopRow, paint: Paint): string {
  const tooShort = unseenWords(hop);
  const changes = hop.changes.filter((change) => !isMarking(change)).map(changeWords);
  const markings = hop.changes.filter(isMarking).map(changeWords);
  const parts: string[] = [];
  if (changes.length > 0) parts.push(paint.changed(changes.join(", ")));
  else if (tooShort === null) parts.push(paint.clean("unchanged"));
  if (tooShort !== null) parts.push(paint.faint(tooShort));
  if (markings.length > 0) parts.push(paint.faint(`marking: ${markings.join(", ")}`));
  return parts.join("; ");
}

function unseenWords(hop: TraceHopRow): string | null {
  if (hop.unobservable.length === 0) return null;
  if (hop.unobservable.includes("tcp.option.mptcp")) return "quote too short to see the option";
  const names = hop.unobservable.length > 3 ? "every field" : hop.unobservable.join(", ");
  return `quote too short to see ${names}`;
}

/** Where each field changed, markings last, then whether the target was reached. */
function conclusion(hops: readonly TraceHopRow[], paint: Paint): string[] {
  const lines: string[] = [];
  const markings: string[] = [];
  const fields = new Set<string>();
  for (const hop of hops) {
    for (const change of hop.changes) {
      const field = fieldOf(change);
      if (fields.has(field)) continue;
      fields.add(field);
      const clean = hops.findLast((one) => one.ttl < hop.ttl && showsUnchanged(one, field));
      const after = clean === undefined ? "before" : `between ${hopName(clean)} and`;
      if (isMarking(change)) markings.push(paint.faint(`     ${changeWords(change)} ${after} ${hopName(hop)}`));
      else lines.push(`     ${paint.changed(changeWords(change))} ${after} ${hopName(hop)}`);
    }
  }
  lines.push(...markings);
  const end = hops.at(-1);
  if (end === undefined) {
    lines.push(paint.faint("     no hop answered: nothing came back to any probe"));
  } else if (end.kind === "time-exceeded") {
    lines.push(paint.faint(`     not reached: the last answer came from ${hopName(end)}`));
  }
  return lines;
}

function showsUnchanged(hop: TraceHopRow, field: string): boolean {
  const isQuote = hop.kind === "time-exceeded" || hop.kind === "unreachable";
  return isQuote && !hop.unobservable.includes(field) && !hop.changes.some((change) => fieldOf(change) === field);
}

function fieldOf(condition: string): string {
  return condition.slice(0, condition.lastIndexOf("."));
}

function hopName(hop: TraceHopRow): string {
  return `hop ${hop.ttl} (${formatAddress(hop.responder)})`;
}
