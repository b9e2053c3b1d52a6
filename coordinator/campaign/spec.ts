import { parseDocument } from "yaml";
import { z } from "zod";
import { formatAddress, parseAddress } from "../../shared/address/address.js";
import { parsePrefix } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import { isName } from "../../shared/lease/protocol.js";
import { OPTION_PROFILES } from "../../shared/probe/profile.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { DEFAULT_HTTPS_PORTS } from "../../shared/timing/names.js";
import {
  HOST_VERDICTS,
  type HostVerdict,
  PAIR_VERDICTS,
  SYN_VERDICTS,
  type ViewVerdict,
} from "../../shared/verdict/names.js";
import { checkCanaries, MOST_CANARIES } from "../canary/check.js";
import { type Expectation, expectationProblem, isExpectation } from "../canary/expectation.js";
import { parseSelector, SelectorError } from "./selector.js";
import { describeIssue } from "./spec-issue.js";

/** Verdicts that a target can be chosen by. Silence is not among them: it has no row. */
const CHOSEN_VERDICTS = [...SYN_VERDICTS, ...PAIR_VERDICTS].filter((verdict) => verdict !== "no-reply");
const INTERESTING: ViewVerdict[] = ["claims-v0", "claims-v1", "echo", "blocked-on-mptcp"];
const TIMED: HostVerdict[] = ["mptcp", "middlebox-near-host"];
const CLAIMS: ViewVerdict[] = ["claims-v0", "claims-v1"];

const text = (what: string, check: (value: string) => boolean) =>
  z.string().refine(check, { error: (issue) => `${JSON.stringify(issue.input)} is not ${what}` });

const prefixOf = (family: 4 | 6) => (value: string) => reads(parsePrefix, value, (prefix) => prefix.family === family);
const ipv4Prefix = text("an IPv4 prefix", prefixOf(4));
const ipv6Address = text("an IPv6 address", (value) => value.includes(":") && reads(parseAddress, value));
const anyPrefix = text("a prefix", (value) => reads(parsePrefix, value));

const selector = z.string().superRefine((value, context) => {
  try {
    parseSelector(value);
  } catch (error) {
    const reason = error instanceof SelectorError ? error.message : String(error);
    context.addIssue({ code: "custom", message: reason });
  }
});
const port = z.number().int().min(1).max(65_535);
const distinct = <T>(values: readonly T[]) => new Set(values).size === values.length;
const listOf = <T extends z.ZodType>(item: T) =>
  z.array(item).min(1).refine(distinct, { error: "has the same entry twice" });
const verdicts = listOf(z.enum(CHOSEN_VERDICTS as [ViewVerdict, ...ViewVerdict[]]));
const mptcpVersions = listOf(z.enum(["v0", "v1"]));
const options = z.enum(OPTION_PROFILES).default("linux");
const retries = z.number().int().min(0).max(10).default(1);
const replyWindowMs = z.number().int().min(100).max(60_000).default(3_000);
/** `/24`, as prefixes are written. */
const prefixLength = (most: number) =>
  text(`a prefix length from /0 to /${most}`, (value) => /^\/\d{1,2}$/.test(value) && Number(value.slice(1)) <= most);
const packetsPerSecond = z.number().int().min(1).max(100_000_000);

const canary = z.strictObject({
  target: text("an IP address", (value) => reads(parseAddress, value)).transform((value) =>
    formatAddress(parseAddress(value)),
  ),
  port,
  expect: z
    .unknown()
    .transform((value, context): Expectation => {
      if (isExpectation(value)) return value;
      context.addIssue({ code: "custom", ...expectationProblem(value) });
      return z.NEVER;
    })
    .optional(),
});

/** Files beside the campaign's: addresses one a line, and prefixes to leave out because whatever is in them answers. */
const hitlistFile = z.strictObject({ hitlist: z.string().min(1), aliased: z.string().min(1).optional() });

const schema = z.strictObject({
  series: text("a name (letters, digits, - and _)", isName),
  targets: z.strictObject({
    ipv4: z.array(ipv4Prefix).default([]),
    ipv6: z.union([z.array(ipv6Address), hitlistFile]).default([]),
    exclude: z.array(anyPrefix).default([]),
  }),
  ports: listOf(port),
  canaries: z.array(canary).max(MOST_CANARIES).default([]),
  placement: z
    .strictObject({
      mode: z.enum(["partition", "replicate"]).default("partition"),
      recheck: z
        .strictObject({
          verdicts: verdicts.default(INTERESTING),
          sample: text('a share such as "1/256"', (value) => parseShare(value) !== null).optional(),
        })
        .optional(),
      vantages: selector.default(""),
      ports: z.record(z.string(), selector).default({}),
    })
    .prefault({}),
  stages: z
    .strictObject({
      synscan: z
        .strictObject({
          mptcp: mptcpVersions.default(["v0", "v1"]),
          control: z.boolean().default(true),
          options,
          retries,
          replyWindowMs,
        })
        .prefault({}),
      verify: z
        .strictObject({
          from: verdicts.default(CLAIMS),
          mptcp: mptcpVersions.optional(),
          retries,
          replyWindowMs,
        })
        .optional(),
      tracebox: z
        .strictObject({
          from: verdicts.default(INTERESTING),
          variants: listOf(z.enum(VARIANTS)).optional(),
          maxTtl: z.number().int().min(1).max(63).default(32),
          options,
          retries,
          replyWindowMs,
        })
        .optional(),
      timing: z
        .strictObject({
          from: listOf(z.enum(HOST_VERDICTS)).default(TIMED),
          /** Six are the fewest whose median has an interval. */
          runs: z.number().int().min(1).max(100).default(6),
          timeoutMs: z.number().int().min(100).max(120_000).default(20_000),
          bodyLimitBytes: z.number().int().min(1).max(16_777_216).default(65_536),
          https: listOf(port).default([...DEFAULT_HTTPS_PORTS]),
        })
        .optional(),
    })
    .prefault({}),
  rate: z
    .strictObject({
      perAgentPps: packetsPerSecond.default(10_000),
      total: packetsPerSecond.optional(),
      /** An agent asks its canaries at most once in so long. */
      canaryIntervalMs: z.number().int().min(1_000).max(86_400_000).default(60_000),
      perRouter: z.number().positive().max(1_000_000).default(1_000),
      perPrefix: z
        .strictObject({
          v4: prefixLength(32).default("/24"),
          v6: prefixLength(64).default("/48"),
          pps: z.number().positive().max(1_000_000),
        })
        .optional(),
    })
    .prefault({}),
  seed: z.number().int().nonnegative().optional(),
});

/** A campaign as its file says, with the defaults filled in. Prefixes, addresses and selectors are checked text. */
export type CampaignSpec = z.output<typeof schema>;

/** One verdict-independent share of targets: `numerator` of every `denominator`. */
export interface Share {
  readonly numerator: number;
  readonly denominator: number;
}

/** Reads a campaign file. Throws UserError (exit code 2) whose message begins with the path of the wrong key. */
export function parseCampaign(yamlText: string): CampaignSpec {
  const document = parseDocument(yamlText, { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1;
    const what = (error.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
    throw wrong(`line ${line} of the campaign file is not YAML: ${what}`, "correct that line");
  }
  const input: unknown = document.toJS({ maxAliasCount: 100 });
  const result = schema.safeParse(input);
  if (!result.success) {
    const { message, remedy } = describeIssue(result.error, input);
    throw wrong(message, remedy);
  }
  checkWhole(result.data);
  return result.data;
}

/** `"1/256"` as numbers; null when it is no share of at most one. */
export function parseShare(value: string): Share | null {
  const [, top, bottom] = /^(\d{1,9})\/(\d{1,9})$/.exec(value) ?? [];
  const share = { numerator: Number(top), denominator: Number(bottom) };
  return share.denominator >= 1 && share.numerator >= 1 && share.numerator <= share.denominator ? share : null;
}

/** Variants of the SYN scan: MPTCP first, then the paired controls. */
export function scanVariants(spec: CampaignSpec): Variant[] {
  const { mptcp, control } = spec.stages.synscan;
  return VARIANTS.filter((variant) => (variant === "v0" || variant === "v1" ? mptcp.includes(variant) : control));
}

/** Versions of the handshakes: those of the SYN scan, unless the file names them. */
export function verifyVariants(spec: CampaignSpec): Variant[] {
  return spec.stages.verify?.mptcp ?? spec.stages.synscan.mptcp;
}

/** Variants of the trace: with and without the option, unless the file names them. */
export function traceVariants(spec: CampaignSpec): Variant[] {
  return spec.stages.tracebox?.variants ?? [...spec.stages.synscan.mptcp, "plain"];
}

function checkWhole(spec: CampaignSpec): void {
  for (const key of Object.keys(spec.placement.ports)) {
    if (!spec.ports.map(String).includes(key)) {
      throw wrong(
        `placement.ports.${key}: ${key} is not one of ports (${spec.ports.join(", ")})`,
        "add the port to ports or remove this line",
      );
    }
  }
  const { ipv4, ipv6 } = spec.targets;
  if (ipv4.length === 0 && Array.isArray(ipv6) && ipv6.length === 0) {
    throw wrong("targets: there are none", "give targets.ipv4 prefixes or targets.ipv6 addresses");
  }
  if (spec.placement.mode === "replicate" && spec.placement.recheck !== undefined) {
    throw wrong(
      "placement.recheck: replicate asks every target from every vantage point already",
      "remove recheck or set mode: partition",
    );
  }
  const { canaries, ports, targets } = spec;
  checkCanaries({ canaries, ports, exclude: targets.exclude, variants: scanVariants(spec) });
}

function reads<T>(parse: (value: string) => T, value: string, check: (parsed: T) => boolean = () => true): boolean {
  try {
    return check(parse(value));
  } catch {
    return false;
  }
}

function wrong(message: string, remedy: string): UserError {
  return new UserError(message, { remedy, exitCode: 2 });
}
