import type { Prefix } from "../../../shared/address/prefix.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher } from "../../../shared/probe/match.js";
import { createSynScan, type SynScanOptions } from "../../synscan/engine.js";
import type { Engine } from "../../wire/engine.js";
import type { EngineParts, Job } from "../run-engines.js";
import type { ScanTask } from "./begin.js";
import type { ScanPlan } from "./plan.js";
import type { ScanRequest } from "./request.js";

export interface ScanJobOptions {
  readonly request: ScanRequest;
  readonly plan: ScanPlan;
  readonly skip: readonly Prefix[];
  readonly emit: SynScanOptions["emit"];
  /** Monotonic ms until which may be sent. */
  readonly allowedUntil: () => number;
}

/** Prefixes that --prefix-rate holds for. */
const BUDGET_PREFIXES = { v4: 24, v6: 48 };

/** A job for each source, with an engine for each task that is not over. */
export function scanJobs(tasks: readonly ScanTask[], options: ScanJobOptions): Job[] {
  const { request, plan } = options;
  const fields = createProbeFields(plan.keys.secret);
  const matcher = createReplyMatcher(fields, request.profile);
  const perPrefix =
    request.packetsPerSecondPerPrefix === null
      ? null
      : { ...BUDGET_PREFIXES, packetsPerSecond: request.packetsPerSecondPerPrefix };

  const engineOf = ({ planned, start, to }: ScanTask, { host, receiver, clock, cap }: EngineParts): Engine =>
    createSynScan({
      host,
      receiver,
      clock,
      fields,
      matcher,
      profile: request.profile,
      source: planned.source,
      sourceSpec: planned.spec,
      sourceId: planned.id,
      from: start,
      to,
      variants: request.variants,
      retries: request.retries,
      replyWindowMs: request.replyWindowMs,
      emit: options.emit,
      secret: plan.keys.secret,
      caps: [cap],
      skip: options.skip,
      perPrefix,
      allowedUntil: options.allowedUntil,
    });

  return plan.sources.flatMap((planned) => {
    const open = openTasks(tasks).filter((task) => task.planned === planned);
    const { family, towards, addresses } = planned;
    return open.length === 0
      ? []
      : [{ family, towards, addresses, create: (parts: EngineParts) => open.map((task) => engineOf(task, parts)) }];
  });
}

/** Those that are not over. */
export function openTasks(tasks: readonly ScanTask[]): readonly ScanTask[] {
  return tasks.filter(({ start, to }) => start < to);
}
