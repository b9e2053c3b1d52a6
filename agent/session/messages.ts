import { addressOfBytes } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import type * as wire from "../../shared/generated/parallax/agent/v1/session.js";
import {
  type AgentStats,
  type LeaseMarks,
  type PlannedSource,
  type PrefixShare,
  WORK_STAGES,
  type WorkGrant,
  type WorkPlan,
} from "../../shared/lease/work.js";
import { VARIANTS } from "../../shared/probe/variant.js";
import type { Target } from "../../shared/target/source.js";
import type { TimingPlan } from "../../shared/timing/pace.js";
import type { OptOutPart } from "../optout/keeper.js";

const KEY_BYTES = 16;
/** What a coordinator may ask for; a campaign needs far less. */
const MOST_RETRIES = 10;
const LONGEST_WINDOW_MS = 60_000;
const MOST_RUNS = 100;
const LONGEST_VISIT_MS = 120_000;
const MOST_BODY_BYTES = 16 * 1024 * 1024;

/** Checks a Plan and takes it over. Throws DecodeError. */
export function decodePlan(message: wire.Plan): WorkPlan {
  const stage = oneOf(WORK_STAGES, message.stage, "stage");
  return {
    plan: text(message.plan, "plan"),
    campaign: text(message.campaign, "campaign"),
    stage,
    secret: key(message.secret, "secret"),
    ports: message.ports.map((number) => port(number)),
    variants: message.variants.map((variant) => oneOf(VARIANTS, variant, "variant")),
    options: message.options,
    packetsPerSecond: within(message.packetsPerSecond, 1, 0xffff_ffff, "rate"),
    retries: within(message.retries, 0, MOST_RETRIES, "number of retries"),
    replyWindowMs: within(message.replyWindowMs, 1, LONGEST_WINDOW_MS, "reply window"),
    maxTtl: within(message.maxTtl, 0, 63, "highest TTL"),
    perPrefix: decodePerPrefix(message.perPrefix),
    routerPacketsPerSecond: decodeRouterRate(message.routerPacketsPerSecond),
    timing: stage === "timing" ? decodeTiming(message.timing) : null,
    source: decodeSource(message.source),
  };
}

function decodePerPrefix(message: wire.PrefixBudget | undefined): PrefixShare | null {
  if (message === undefined) {
    return null;
  }
  const { v4, v6, packetsPerSecond } = message;
  if (!(packetsPerSecond > 0)) {
    throw new DecodeError("the plan's budget per prefix is not above 0");
  }
  return { v4: within(v4, 0, 32, "IPv4 prefix length"), v6: within(v6, 0, 64, "IPv6 prefix length"), packetsPerSecond };
}

function decodeRouterRate(packetsPerSecond: number): number | null {
  if (!(packetsPerSecond >= 0)) throw new DecodeError("the plan's rate for a router is below 0");
  return packetsPerSecond === 0 ? null : packetsPerSecond;
}

function decodeTiming(message: wire.WebTiming | undefined): TimingPlan {
  if (message === undefined) throw new DecodeError("the plan does not say how to time");
  return {
    runs: within(message.runs, 1, MOST_RUNS, "number of runs"),
    timeoutMs: within(message.timeoutMs, 1, LONGEST_VISIT_MS, "time for a connection"),
    bodyLimitBytes: within(message.bodyLimitBytes, 1, MOST_BODY_BYTES, "limit of a body"),
    httpsPorts: message.httpsPorts.map(port),
  };
}

function decodeSource(source: wire.Plan["source"]): PlannedSource {
  switch (source?.$case) {
    case "space": {
      const ranges = source.value.ranges.map(({ first, last }) => ({ first, last }));
      if (ranges.some(({ first, last }) => first > last)) {
        throw new DecodeError("a range of the plan ends before it begins");
      }
      return { kind: "space", ranges, permutationKey: key(source.value.permutationKey, "permutation key") };
    }
    case "list":
      return { kind: "list", size: index(source.value.size) };
    case undefined:
      throw new DecodeError("the plan has no target source that this version knows");
  }
}

/** Checks a Grant and takes it over; listed addresses become 16 bytes. Throws DecodeError. */
export function decodeGrant(message: wire.Grant): WorkGrant {
  const from = index(message.from);
  const to = index(message.to);
  if (from >= to) {
    throw new DecodeError(`the grant's interval [${from}, ${to}) is empty`);
  }
  return {
    lease: text(message.lease, "lease"),
    epoch: index(message.epoch),
    plan: text(message.plan, "plan"),
    from,
    to,
    targets: message.targets.map(decodeTarget),
  };
}

function decodeTarget(target: wire.ListedTarget): Target {
  return { address: addressOfBytes(target.address), port: port(target.port) };
}

export function encodeMarks(marks: LeaseMarks): wire.LeaseMarks {
  return {
    lease: marks.lease,
    epoch: BigInt(marks.epoch),
    sent: BigInt(marks.sent),
    done: BigInt(marks.done),
    committed: BigInt(marks.committed),
    ...(marks.endsAt === undefined ? {} : { endsAt: BigInt(marks.endsAt) }),
  };
}

export function encodeStats(stats: AgentStats): wire.AgentStats {
  return {
    packetsSent: BigInt(stats.packetsSent),
    replies: BigInt(stats.replies),
    kernelDrops: BigInt(stats.kernelDrops),
    sendErrors: BigInt(stats.sendErrors),
    packetsPerSecond: stats.packetsPerSecond,
    spoolBytes: BigInt(stats.spoolBytes),
    lastError: stats.lastError,
  };
}

/** Takes over a part of the opt-outs. Throws DecodeError. */
export function decodeOptOuts({ revision, hash, part, parts, prefixes }: wire.OptOuts): OptOutPart {
  return { revision: index(revision), hash, part, parts, packed: Uint8Array.from(prefixes) };
}

export function index(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new DecodeError(`the number ${value} is past 2^53`);
  }
  return Number(value);
}

export function text(value: string, what: string): string {
  if (value === "") {
    throw new DecodeError(`the ${what} is empty`);
  }
  return value;
}

export function key(value: Uint8Array, what: string): Uint8Array {
  if (value.length !== KEY_BYTES) {
    throw new DecodeError(`the ${what} has ${value.length} bytes instead of ${KEY_BYTES}`);
  }
  return Uint8Array.from(value);
}

export function port(value: number): number {
  return within(value, 1, 65_535, "port");
}

export function within(value: number, low: number, high: number, what: string): number {
  if (value < low || value > high) {
    throw new DecodeError(`the ${what} ${value} is not between ${low} and ${high}`);
  }
  return value;
}

function oneOf<T extends string>(values: readonly T[], value: string, what: string): T {
  const known = values.find((candidate) => candidate === value);
  if (known === undefined) {
    throw new DecodeError(`this version knows no ${what} ${JSON.stringify(value)}`);
  }
  return known;
}
