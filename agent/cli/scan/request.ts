import { addressFamily, parseAddress } from "../../../shared/address/address.js";
import { DecodeError, UserError } from "../../../shared/errors.js";
import { OPTION_PROFILES, type OptionProfile } from "../../../shared/probe/profile.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import type { OutputField } from "../../../shared/zmap/field.js";
import { chooseFields } from "../../../shared/zmap/fields.js";
import { parseFilter, type ReplyFilter } from "../../../shared/zmap/filter.js";
import { OUTPUT_FORMATS, type OutputFormat } from "../../../shared/zmap/format.js";
import { DRIVERS, MOST_SENDER_THREADS, type RealDriver } from "../../wire/port.js";
import { checkNumber } from "../numbers.js";
import { parseChoices, parsePorts } from "../targets.js";
import { type MostTargets, parseMostTargets } from "./amount.js";
import { SCAN_OPTIONS, type ScanArguments } from "./options.js";
import { parseBandwidth } from "./rate.js";

/** A scan as it was asked for, checked. What is null was not asked for. */
export interface ScanRequest {
  readonly targets: readonly string[];
  readonly allowlistFile: string | null;
  readonly blocklistFile: string | null;
  readonly mostTargets: MostTargets | null;
  readonly seed: number | null;
  readonly shards: number;
  readonly shard: number;
  readonly ports: readonly number[];
  readonly variants: readonly Variant[];
  readonly profile: OptionProfile;
  readonly retries: number;
  readonly replyWindowMs: number;
  readonly packetsPerSecond: number | null;
  readonly bitsPerSecond: number | null;
  readonly packetsPerSecondPerPrefix: number | null;
  readonly maxRuntimeS: number | null;
  readonly maxResults: number | null;
  readonly minHitRatePercent: number;
  readonly maxSendFailures: number | null;
  readonly interface: string | null;
  readonly sourceAddresses: readonly Uint8Array[];
  readonly gatewayMac: Uint8Array | null;
  readonly driver: RealDriver | null;
  readonly zeroCopy: boolean;
  readonly sendingThreads: number;
  readonly output: OutputRequest;
  readonly metadataFile: string | null;
  readonly statusFile: string | null;
  readonly quiet: boolean;
  readonly notes: string | null;
  readonly userMetadata: unknown;
  readonly resumeFile: string | null;
}

export interface OutputRequest {
  /** Null: standard output. */
  readonly file: string | null;
  readonly format: OutputFormat;
  readonly fields: readonly OutputField[];
  readonly filter: ReplyFilter;
  readonly filterText: string | null;
  readonly headerRow: boolean;
}

const DEFAULT_RATE = 1000;
const DEFAULT_RETRIES = 1;
const DEFAULT_WINDOW_MS = 2000;

/** Checks the command line. Throws UserError with exit code 2 that names the option and says what to write. */
export function scanRequest(args: ScanArguments): ScanRequest {
  refuseRepeated(args);
  const { shards, shard, rate, bandwidth } = args;
  checkNumber("--shards", shards, 1, 65_535);
  checkNumber("--shard", shard, 0, shards - 1);
  const seed = args.seed === undefined ? null : parseSeed(args.seed);
  notBoth("--rate", rate, "--bandwidth", bandwidth);
  if (rate !== undefined) checkNumber("--rate", rate, 1, 100_000_000);
  return {
    targets: args.targets,
    allowlistFile: args["allowlist-file"] ?? null,
    blocklistFile: args["blocklist-file"] ?? null,
    mostTargets: mapped(args["max-targets"], (text) => parseMostTargets("--max-targets", text)),
    seed,
    shards,
    shard,
    ports: parsePorts("--target-ports", args["target-ports"]),
    variants: parseChoices("--variant", args.variant, VARIANTS),
    profile: choice("--profile", args.profile, OPTION_PROFILES),
    retries: retriesOf(args),
    replyWindowMs: replyWindowOf(args),
    packetsPerSecond: bandwidth === undefined ? (rate ?? DEFAULT_RATE) : null,
    bitsPerSecond: mapped(bandwidth, (text) => parseBandwidth("--bandwidth", text)),
    packetsPerSecondPerPrefix: number("--prefix-rate", args["prefix-rate"], 1, 100_000_000),
    maxRuntimeS: number("--max-runtime", args["max-runtime"], 1, 1_000_000_000),
    maxResults: number("--max-results", args["max-results"], 1, Number.MAX_SAFE_INTEGER),
    minHitRatePercent: percent("--min-hitrate", args["min-hitrate"]),
    maxSendFailures:
      args["max-sendto-failures"] === -1
        ? null
        : number("--max-sendto-failures", args["max-sendto-failures"], 0, Number.MAX_SAFE_INTEGER),
    interface: args.interface ?? null,
    sourceAddresses: parseSources(args["source-ip"] ?? ""),
    gatewayMac: mapped(args["gateway-mac"], parseMac),
    driver: mapped(args.driver, (name) => choice("--driver", name, DRIVERS)),
    zeroCopy: args["zero-copy"],
    sendingThreads: number("--sender-threads", args["sender-threads"], 1, MOST_SENDER_THREADS) ?? 1,
    output: outputOf(args),
    metadataFile: args["metadata-file"] ?? null,
    statusFile: args["status-updates-file"] ?? null,
    quiet: args.quiet,
    notes: args.notes ?? null,
    userMetadata: mapped(args["user-metadata"], parseUserMetadata),
    resumeFile: args.resume ?? null,
  };
}

function outputOf(args: ScanArguments): OutputRequest {
  const format =
    args["output-module"] === undefined ? "json" : choice("--output-module", args["output-module"], OUTPUT_FORMATS);
  if (args.json && format !== "json") throw wrong(`--json and --output-module ${format}`, "leave one of them out");
  const file = args["output-file"];
  return {
    file: file === undefined || file === "-" ? null : file,
    format,
    fields: chooseFields(args["output-fields"]),
    filter: parseFilter(args["output-filter"] ?? ""),
    filterText: args["output-filter"] ?? null,
    headerRow: args["header-row"],
  };
}

/** `--probes` counts the first one, `--retries` does not. */
function retriesOf({ probes, retries }: ScanArguments): number {
  notBoth("--probes", probes, "--retries", retries);
  if (probes !== undefined) checkNumber("--probes", probes, 1, 21);
  if (retries !== undefined) checkNumber("--retries", retries, 0, 20);
  return retries ?? (probes === undefined ? DEFAULT_RETRIES : probes - 1);
}

function replyWindowOf({ window, "cooldown-time": cooldownS }: ScanArguments): number {
  notBoth("--window", window, "--cooldown-time", cooldownS);
  if (window !== undefined) checkNumber("--window", window, 1, 60_000);
  if (cooldownS !== undefined) checkNumber("--cooldown-time", cooldownS, 1, 60);
  return window ?? (cooldownS === undefined ? DEFAULT_WINDOW_MS : cooldownS * 1000);
}

/** yargs makes an array of an option that is given twice. */
function refuseRepeated(args: ScanArguments): void {
  for (const name of SCAN_OPTIONS) {
    if (Array.isArray(args[name])) throw wrong(`--${name} is given more than once`, "give it once");
  }
}

function parseSeed(text: string): number {
  const seed = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(seed)) return seed;
  throw wrong(`--seed ${text} is no seed`, "write a whole number up to 9007199254740991");
}

function parseSources(text: string): Uint8Array[] {
  const sources = text
    .split(",")
    .filter((one) => one !== "")
    .map(parseSource);
  if (new Set(sources.map(addressFamily)).size < sources.length) {
    throw wrong(`--source-ip ${text} has two addresses of a family`, "write one of each family at most");
  }
  return sources;
}

function parseSource(text: string): Uint8Array {
  try {
    return parseAddress(text.trim());
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw wrong(
      `--source-ip ${text} is no address`,
      "write an address of the interface, or one of each family with a comma",
    );
  }
}

function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw wrong(`--gateway-mac ${text} is no MAC address`, "write it like 02:00:5e:10:00:01");
  }
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}

function parseUserMetadata(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong("--user-metadata is no JSON", `write it like --user-metadata '{"run": 7}'`);
  }
}

function percent(option: string, value: number): number {
  if (value >= 0 && value <= 100) return value;
  throw wrong(`${option} is no share`, `write percent from 0 to 100, as in ${option} 0.5`);
}

function number(option: string, value: number | undefined, least: number, most: number): number | null {
  if (value === undefined) return null;
  checkNumber(option, value, least, most);
  return value;
}

function choice<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text);
  if (found === undefined) throw wrong(`${option}: ${JSON.stringify(text)} is not known`, `use ${allowed.join(", ")}`);
  return found;
}

function notBoth(option: string, value: unknown, other: string, otherValue: unknown): void {
  if (value !== undefined && otherValue !== undefined)
    throw wrong(`${option} and ${other} say the same`, "leave one of them out");
}

function mapped<T, U>(value: T | undefined, map: (value: T) => U): U | null {
  return value === undefined ? null : map(value);
}

function wrong(what: string, remedy: string): UserError {
  return new UserError(what, { remedy, exitCode: 2 });
}
