import { resolve } from "node:path";
import type { Prefix } from "../../../shared/address/prefix.js";
import { UserError } from "../../../shared/errors.js";
import { readBlocklistFile } from "../../config/blocked.js";
import type { OwnRules } from "../allowed.js";
import type { AskedTargets } from "../targets.js";
import { partOf } from "./amount.js";
import { type Checkpoint, readCheckpoint, requireSameScan, type ScanTotals } from "./checkpoint.js";
import type { RemainingTargets } from "./exclusions.js";
import { nameTargets, unpackTargets } from "./pack.js";
import { newKeys, type PlannedSource, planScan, type ScanPlan } from "./plan.js";
import type { ScanRequest } from "./request.js";
import { asAsked, type Selection, selectTargets } from "./selection.js";

/** A scan that may start: a new one, or one that goes on. */
export interface BegunScan {
  readonly plan: ScanPlan;
  readonly targets: AskedTargets;
  /** What the exclusions of now leave. */
  readonly remaining: RemainingTargets;
  /** What may not change when it goes on, by option. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Blocked since the scan began: left out when their turn comes. */
  readonly skip: readonly Prefix[];
  /** Intervals that tile what is asked, those of the plan's first source first. */
  readonly tasks: readonly ScanTask[];
  /** What earlier runs counted. */
  readonly totals: ScanTotals;
  readonly askedAgain: Checkpoint["askedAgain"];
  readonly startedAtMs: number;
  /** Null: a new scan. */
  readonly checkpoint: Checkpoint | null;
}

/** An interval of a source's indices, sent by one thread. */
export interface ScanTask {
  readonly planned: PlannedSource;
  readonly from: number;
  readonly to: number;
  /** Everything below is over. */
  readonly start: number;
}

const NO_TOTALS: ScanTotals = {
  packets: 0,
  replies: 0,
  successes: 0,
  cooldownSuccesses: 0,
  results: 0,
  duplicates: 0,
  late: 0,
  skipped: 0,
  received: 0,
  kernelDrops: 0,
  sendErrors: 0,
  valid: 0,
  foreign: 0,
};

/**
 * Finds the targets, and where to go on. Rejects with UserError (exit code 2) when they may not be probed, or the
 * checkpoint is of another scan.
 */
export async function beginScan(request: ScanRequest, rules: OwnRules, nowMs: number): Promise<BegunScan> {
  const selection = selectTargets(request, rules);
  const file = request.resumeFile;
  const checkpoint = file === null ? null : await readCheckpoint(file);
  if (file === null || checkpoint === null) return newScan(request, rules, selection, nowMs);
  requireSameScan(file, checkpoint, parametersOf(request, selection));
  return goOn(request, rules, selection, checkpoint);
}

function newScan(request: ScanRequest, rules: OwnRules, selection: Selection, nowMs: number): BegunScan {
  const { shard, shards, seed } = request;
  if (shards > 1 && seed === null) {
    throw wrong("--shards needs --seed", "give every shard the same --seed, else each asks an order of its own");
  }
  const { remaining } = selection;
  const plan = planScan(request, remaining.targets, newKeys(seed), rules.file.caps?.packetsPerSecond ?? null);
  if (plan.targets === 0) {
    throw wrong(`shard ${shard} of ${shards} has no target`, "take fewer shards, or more targets");
  }
  return {
    plan,
    targets: remaining.targets,
    remaining,
    parameters: parametersOf(request, selection),
    skip: [],
    tasks: plan.sources.flatMap((planned) => newTasks(planned, request.sendingThreads)),
    totals: NO_TOTALS,
    askedAgain: [],
    startedAtMs: nowMs,
    checkpoint: null,
  };
}

/** An interval for each thread. */
function newTasks(planned: PlannedSource, threads: number): ScanTask[] {
  return Array.from({ length: threads }, (_, thread) => partOf(planned, thread, threads))
    .filter(({ from, to }) => to > from)
    .map(({ from, to }) => ({ planned, from, to, start: from }));
}

/** With the targets that the scan began with: a prefix that was blocked since is skipped, so that no index moves. */
function goOn(request: ScanRequest, rules: OwnRules, selection: Selection, checkpoint: Checkpoint): BegunScan {
  const targets = unpackTargets(checkpoint.targets);
  // The agent's file may have changed since.
  rules.check(asAsked(targets, request.ports));
  const keys = { secret: fromHex(checkpoint.secret), permutationKey: fromHex(checkpoint.permutationKey) };
  const plan = planScan(request, targets, keys, rules.file.caps?.packetsPerSecond ?? null);
  const listed = request.blocklistFile === null ? [] : readBlocklistFile("--blocklist-file", request.blocklistFile);
  const again = checkpoint.intervals
    .filter(({ sent, done }) => sent > done)
    .map(({ source, sent, done }) => ({ source, from: done, to: sent }));
  return {
    plan,
    targets,
    remaining: selection.remaining,
    parameters: parametersOf(request, selection),
    skip: [...rules.file.blocked, ...listed].map(({ prefix }) => prefix),
    // The intervals stay as they are, however many threads send now.
    tasks: plan.sources.flatMap((planned) =>
      checkpoint.intervals
        .filter(({ source }) => source === planned.id)
        .map(({ from, to, done }) => ({ planned, from, to, start: done })),
    ),
    totals: checkpoint.totals,
    askedAgain: [...checkpoint.askedAgain, ...again],
    startedAtMs: checkpoint.startedAtMs,
    checkpoint,
  };
}

/** By option, as texts to be compared and shown. */
function parametersOf(request: ScanRequest, { asked }: Selection): Record<string, string> {
  const { mostTargets: most, output } = request;
  return {
    targets: nameTargets(asked),
    "--target-ports": request.ports.join(","),
    "--variant": request.variants.join(","),
    "--profile": request.profile,
    "--seed": request.seed === null ? "random" : String(request.seed),
    "--shard": `${request.shard} of ${request.shards}`,
    "--max-targets": most === null ? "all" : "targets" in most ? String(most.targets) : `${most.percent}%`,
    "--output-file": output.file === null ? "standard output" : resolve(output.file),
    "--output-module": output.format,
    "--output-fields": output.fields.map(({ name }) => name).join(","),
    "--output-filter": output.filterText ?? "none",
  };
}

function wrong(what: string, remedy: string): UserError {
  return new UserError(what, { remedy, exitCode: 2 });
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

/** Targets that were sent to in an earlier run, too. */
export function targetsAskedAgain({ askedAgain }: Pick<BegunScan, "askedAgain">): number {
  return askedAgain.reduce((sum, { from, to }) => sum + to - from, 0);
}
