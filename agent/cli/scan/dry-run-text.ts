import { columns } from "../../../shared/cli/table.js";
import type { Json } from "../option-json.js";
import { packetToJson } from "../packet-json.js";
import type { Exclusion } from "./exclusions.js";
import { describeProbe } from "./probe-line.js";

/** What a scan would send and cost. */
export interface DryRun {
  readonly addresses: number;
  readonly targets: number;
  readonly excluded: number;
  readonly exclusions: readonly Exclusion[];
  readonly packetsPerSecond: number;
  readonly packets: LeastAndMost;
  /** On an Ethernet link, with frame, preamble and gap. */
  readonly bytes: LeastAndMost;
  readonly hours: LeastAndMost;
  /** The first probes, whole, IP header first. */
  readonly probes: readonly Uint8Array[];
}

/** When every probe is answered, and when none is. */
interface LeastAndMost {
  readonly least: number;
  readonly most: number;
}

/** Prefixes that are named one by one; a program gets all of them. */
const SHOWN_EXCLUSIONS = 20;

/** For a person. */
export function formatDryRun(run: DryRun): string {
  const more = run.exclusions.length - SHOWN_EXCLUSIONS;
  const table = columns([
    ["targets", `${count(run.targets)} (${count(run.addresses)} addresses)`],
    ["left out", `${count(run.excluded)} addresses`],
    ...run.exclusions.slice(0, SHOWN_EXCLUSIONS).map((one) => ["", exclusionWords(one)]),
    ...(more > 0 ? [["", `and more in ${count(more)} other prefixes`]] : []),
    ["packets", span(run.packets, count)],
    ["bytes", `${span(run.bytes, bytesText)} on the wire`],
    ["hours", `${span(run.hours, hoursText)} at ${count(run.packetsPerSecond)} packets a second`],
  ]);
  const probes = run.probes.map((probe) => `  ${describeProbe(probe)}\n`).join("");
  return `nothing is sent; the scan would be:\n${table}\nits first probes:\n${probes}`;
}

/** For a program: one document. */
export function dryRunToJson(run: DryRun): Json {
  return {
    ...run,
    exclusions: run.exclusions.map((one) => ({ ...one })),
    packets: { ...run.packets },
    bytes: { ...run.bytes },
    hours: { ...run.hours },
    probes: run.probes.map((packet) => packetToJson({ timestampUs: null, packet })),
  };
}

function exclusionWords({ addresses, prefix, why }: Exclusion): string {
  return `${count(addresses)} in ${prefix}: ${why}`;
}

function span({ least, most }: LeastAndMost, text: (value: number) => string): string {
  const [first, last] = [text(least), text(most)];
  return first === last ? first : `${first} (all answered) to ${last} (none answered)`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

function bytesText(value: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return `${(value / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

function hoursText(value: number): string {
  return value.toFixed(value < 0.1 ? 4 : 2);
}
