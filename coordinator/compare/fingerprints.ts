import { CLAIMED, ECHOED, isTurned, PROXIED } from "./conditions.js";
import type { LocatedChange, View } from "./evidence.js";

/** What a known box leaves on a path. */
export interface Fingerprint {
  readonly name: string;
  /** All of these marks are there ... */
  readonly all: readonly string[];
  /** ... one of these at least ... */
  readonly some?: readonly string[];
  /** ... and none of these. */
  readonly none?: readonly string[];
  /** What does so, as the end of a sentence that begins with "looks like". */
  readonly words: string;
  readonly source: string;
}

const CUT = "tcp.option.mptcp.removed";
const FILLED = "tcp.option.mptcp.nop";
const BLOCKED = "tcp.option.mptcp.blocked";
const MSS = "tcp.option.mss.changed";
/** MSS, window scale, SACK and timestamps are as they were. */
const USUAL_OPTIONS = ["mss", "ws", "sackok", "ts"].flatMap((option) =>
  ["changed", "nop", "removed"].map((ending) => `tcp.option.${option}.${ending}`),
);

/**
 * Boxes by what they do. Marks are the conditions that one vantage point finds in one interval, and what the answers add:
 * `mss 1380` (the new value), `v0 only`, `v1 echoed`, `unknown option echoed`, `unknown option stopped`, `window 0`. A box
 * may look like several things: none of them is proof of a product.
 */
export const FINGERPRINTS: readonly Fingerprint[] = [
  {
    name: "pan-os",
    all: [],
    some: [CUT, FILLED],
    none: [...USUAL_OPTIONS, "tcp.seq.changed"],
    words: "PAN-OS as delivered: option 30 goes, the options that everybody has stay",
    source: "PAN-OS: `deviceconfig setting tcp strip-mptcp-option`, on by default since 8.0",
  },
  {
    name: "nop-filler",
    all: [FILLED],
    words: "a filter that overwrites options with NOPs and keeps the length, such as Linux' TCPOPTSTRIP",
    source: "iptables-extensions(8), TCPOPTSTRIP; the common form of removal (yarrpbox, 2023)",
  },
  {
    name: "timestamp-stripper",
    all: [],
    some: ["tcp.option.ts.nop", "tcp.option.ts.removed"],
    none: [MSS, "tcp.option.mss.nop", "tcp.option.mss.removed"],
    words: "a normaliser that takes timestamps out",
    source: "Honda et al., IMC 2011",
  },
  {
    name: "cisco-asa",
    all: [MSS, "mss 1380"],
    words: "Cisco ASA as delivered, which clamps the MSS to 1380 (and clears URG, which no SYN shows)",
    source: "Cisco ASA: `sysopt connection tcpmss`, 1380 by default; `urgent-flag clear` of tcp-map",
  },
  {
    name: "cisco-asa-randomizing",
    all: [MSS, "mss 1380", "tcp.seq.changed"],
    words: "Cisco ASA as delivered, which also makes initial sequence numbers anew",
    source: "Cisco ASA: TCP sequence randomization, on by default in both directions",
  },
  {
    name: "pppoe",
    all: [MSS],
    some: ["mss 1452", "mss 1432"],
    words: "a router before a PPPoE line, whose packets have at most 1492 bytes",
    source: "RFC 2516 section 7: MTU 1492, less 40 bytes of headers, or 60 in IPv6",
  },
  {
    name: "sequence-rewriter",
    all: ["tcp.seq.changed"],
    words: "a firewall that makes initial sequence numbers anew",
    source: "Honda et al., IMC 2011",
  },
  {
    name: "option-mirror",
    all: [ECHOED, "unknown option echoed"],
    words: "a box or host that sends back every option that it does not know",
    source: "census of December 2018: 77,384 of 88,484 answers with MP_CAPABLE were exact echoes",
  },
  {
    name: "mptcp-mirror",
    all: [ECHOED, "v1 echoed"],
    none: ["unknown option echoed"],
    words: "a box that sends back option 30 and no other",
    source: "census of December 2018",
  },
  {
    name: "v0-mirror",
    all: [ECHOED, "v0 only"],
    none: ["unknown option echoed"],
    words: "a box that sends back options 30 of version 0 alone",
    source: "census of December 2018",
  },
  {
    name: "claimant",
    all: [CLAIMED],
    words: "a box that answers MP_CAPABLE with a key and then speaks TCP",
    source: "RFC 8684 section 3.7: a host that falls back does so before it confirms the key",
  },
  {
    name: "unknown-option-dropper",
    all: [BLOCKED, "unknown option stopped"],
    words: "a firewall that drops SYNs with any option it does not know",
    source: "Honda et al., IMC 2011",
  },
  {
    name: "long-option-dropper",
    all: [BLOCKED, "v0 only"],
    none: ["unknown option stopped"],
    words:
      "a firewall that drops SYNs with many bytes of options: the 12 of version 0 are too much, the 4 of version 1 are not",
    source: "Hesmans et al., PAM 2013",
  },
  {
    name: "linux-synproxy",
    all: [PROXIED, "window 0"],
    words: "Linux' SYNPROXY, whose SYN/ACK has a window of 0 until the server has answered",
    source: "Linux net/netfilter/nf_synproxy_core.c",
  },
];

/**
 * Names of the fingerprints that explain a change: by all that its vantage point finds in the same interval, and by the
 * answers that it got. In the order of the table.
 */
export function fingerprintsOf(
  change: LocatedChange,
  all: readonly LocatedChange[],
  views: readonly View[],
): readonly string[] {
  const box = all.filter(
    ({ vantage, after, before }) => vantage === change.vantage && after === change.after && before === change.before,
  );
  const marks = new Set([
    ...box.map(({ condition }) => condition),
    ...box.flatMap(({ mss }) => (mss === null ? [] : [`mss ${mss}`])),
    ...answerMarks(
      change,
      box,
      views.find(({ vantage }) => vantage === change.vantage),
    ),
  ]);
  return FINGERPRINTS.filter(({ all: needed, some = [], none = [] }) => {
    const isAbout = needed.includes(change.condition) || some.includes(change.condition);
    return (
      isAbout &&
      needed.every((mark) => marks.has(mark)) &&
      (some.length === 0 || some.some((mark) => marks.has(mark))) &&
      !none.some((mark) => marks.has(mark))
    );
  }).map(({ name }) => name);
}

/** What the answers add to the conditions of an interval. */
function answerMarks(
  { condition, variant }: LocatedChange,
  box: readonly LocatedChange[],
  view: View | undefined,
): string[] {
  const has = (wanted: string) => box.some((one) => one.condition === condition && one.variant === wanted);
  const isTraced = (wanted: string) => view?.traces.some((trace) => trace.variant === wanted) === true;
  const marks: string[] = [];
  if (has("v0") && !has("v1") && isTraced("v1")) marks.push("v0 only");
  if (isTurned(condition) && has("v1")) marks.push("v1 echoed");
  if (view?.unknown === "echo") marks.push("unknown option echoed");
  if (view?.verdict === "blocked-on-unknown-option") marks.push("unknown option stopped");
  if (view?.synAcks.some((reply) => reply.variant === variant && reply.window === 0)) marks.push("window 0");
  return marks;
}
