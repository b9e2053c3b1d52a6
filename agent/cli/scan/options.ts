import type { Argv, Options } from "yargs";
import { OPTION_PROFILES } from "../../../shared/probe/profile.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import { OUTPUT_FORMATS } from "../../../shared/zmap/format.js";
import { DRIVERS } from "../../wire/port.js";

/** Drivers for real networks. */

/** The command line of a scan as it was typed. An option that is given twice is an array, whatever is said here. */
export interface ScanArguments {
  targets: string[];
  "allowlist-file": string | undefined;
  "blocklist-file": string | undefined;
  "max-targets": string | undefined;
  seed: string | undefined;
  shards: number;
  shard: number;
  "target-ports": string;
  variant: string;
  profile: string;
  retries: number | undefined;
  probes: number | undefined;
  window: number | undefined;
  "cooldown-time": number | undefined;
  rate: number | undefined;
  bandwidth: string | undefined;
  "prefix-rate": number | undefined;
  "max-runtime": number | undefined;
  "max-results": number | undefined;
  "min-hitrate": number;
  "max-sendto-failures": number;
  interface: string | undefined;
  "source-ip": string | undefined;
  "gateway-mac": string | undefined;
  driver: string | undefined;
  "zero-copy": boolean;
  "sender-threads": number | undefined;
  "output-file": string | undefined;
  "output-module": string | undefined;
  "output-fields": string | undefined;
  "output-filter": string | undefined;
  "list-output-fields": boolean;
  "header-row": boolean;
  "metadata-file": string | undefined;
  "status-updates-file": string | undefined;
  quiet: boolean;
  notes: string | undefined;
  "user-metadata": string | undefined;
  config: string | undefined;
  resume: string | undefined;
  "dry-run": boolean;
  json: boolean;
}

/** Declares the options, under ZMap's names and letters where it has them. */
export function scanOptions(parser: Argv<object>): Argv<ScanArguments> {
  const declared = parser
    .positional("targets", { type: "string", array: true, default: [], describe: "Addresses and prefixes" })
    .options(ALL);
  return declared as unknown as Argv<ScanArguments>;
}

const TARGETS = grouped("Targets:", {
  "allowlist-file": { alias: "w", type: "string", describe: "Prefixes to scan, one a line" },
  "blocklist-file": { alias: "b", type: "string", describe: "Prefixes to leave out, one a line, reasons behind #" },
  "max-targets": { alias: "n", type: "string", describe: "At most so many targets, or so large a share: 1000, 0.1%" },
  seed: { alias: "e", type: "string", describe: "Number that the order of the targets follows from" },
  shards: { type: "number", default: 1, describe: "How many scans share the targets; they need one --seed" },
  shard: { type: "number", default: 0, describe: "Which of them this is, from 0" },
});

const PROBES = grouped("Probes:", {
  "target-ports": { alias: ["p", "port"], type: "string", default: "80", describe: "Ports: 80,443,8000-8010" },
  variant: { type: "string", default: VARIANTS.join(","), describe: "Probes of each target, separated by commas" },
  profile: { type: "string", choices: OPTION_PROFILES, default: "linux", describe: "Whose SYN a probe looks like" },
  retries: { type: "number", describe: "How often a silent probe is sent again (default: 1)" },
  probes: { alias: "P", type: "number", describe: "The same, with the first probe counted" },
  window: { type: "number", describe: "How long each probe waits for its reply, in milliseconds (default: 2000)" },
  "cooldown-time": { alias: "c", type: "number", describe: "The same in seconds: the last probes wait as long" },
});

const RATE = grouped("Rate and limits:", {
  rate: { alias: "r", type: "number", describe: "Packets per second at most (default: 1000)" },
  bandwidth: { alias: "B", type: "string", describe: "Bits per second at most, with frame and gap: 10M, 1G" },
  "prefix-rate": { type: "number", describe: "Packets per second at most to one /24 or IPv6 /48" },
  "max-runtime": { alias: "t", type: "number", describe: "Send for so many seconds at most" },
  "max-results": { alias: "N", type: "number", describe: "Stop after so many rows" },
  "min-hitrate": { type: "number", default: 0, describe: "Stop when fewer percent of the probes find an open port" },
  "max-sendto-failures": { type: "number", default: -1, describe: "Stop after more failures to send (-1: never)" },
});

const NETWORK = grouped("Network:", {
  interface: { alias: "i", type: "string", describe: "Network interface (default: that of the route)" },
  "source-ip": { alias: "S", type: "string", describe: "Addresses of the interface to send from, one a family" },
  "gateway-mac": { alias: "G", type: "string", describe: "MAC address of the router (default: ask for it)" },
  driver: { type: "string", choices: DRIVERS, describe: "How packets are sent (default: see doctor)" },
  "zero-copy": {
    type: "boolean",
    default: false,
    describe: "xdp: the network card reads packets where they lie, if its driver can",
  },
  "sender-threads": {
    alias: "T",
    type: "number",
    describe: "Threads that send; xdp has one for each queue of the interface at most (default: 1)",
  },
});

const OUTPUT = grouped("Output:", {
  "output-file": { alias: "o", type: "string", describe: "File for the rows (default: standard output)" },
  "output-module": {
    alias: "O",
    type: "string",
    choices: OUTPUT_FORMATS,
    describe: "Form of the rows (default: json)",
  },
  "output-fields": { alias: "f", type: "string", describe: "Columns, separated by commas; * is all" },
  "output-filter": { type: "string", describe: 'Rows to print: "success = 1 && repeat = 0"' },
  "list-output-fields": { type: "boolean", default: false, describe: "Print the columns there are, and end" },
  "header-row": { type: "boolean", default: true, describe: "Names over CSV; --no-header-row leaves them out" },
  "metadata-file": { alias: "m", type: "string", describe: "File for a JSON document on the scan, at its end" },
  "status-updates-file": { alias: "u", type: "string", describe: "File for a CSV line a second" },
  quiet: { alias: "q", type: "boolean", default: false, describe: "No status line a second on standard error" },
  notes: { type: "string", describe: "Text for the metadata" },
  "user-metadata": { type: "string", describe: "JSON for the metadata" },
});

const RUN = grouped("Run:", {
  config: { alias: "C", type: "string", describe: "The agent's own file: what it opens, blocks and caps" },
  resume: { type: "string", describe: "Keep this file, and go on from it when it is there" },
  "dry-run": { alias: ["d", "dryrun"], type: "boolean", default: false, describe: "Send nothing; print what would be" },
});

const ALL = { ...TARGETS, ...PROBES, ...RATE, ...NETWORK, ...OUTPUT, ...RUN };

/** Names of the options that take one value. */
export const SCAN_OPTIONS = Object.keys(ALL) as readonly (keyof ScanArguments)[];

/** Puts options under one heading of the help. */
function grouped(group: string, options: Readonly<Record<string, Options>>): Record<string, Options> {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, { ...option, group }]));
}
