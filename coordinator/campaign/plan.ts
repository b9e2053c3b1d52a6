import { type PrefixShare, planId, type WorkPlan } from "../../shared/lease/work.js";
import {
  BETWEEN_CONNECTIONS_MS,
  connectionsOf,
  PACKETS_PER_CONNECTION,
  targetsPerSecond,
} from "../../shared/timing/pace.js";
import { sourcePermutationKey } from "./keys.js";
import type { CampaignRecord, SourceRecord } from "./record.js";
import { scanVariants, traceVariants, verifyVariants } from "./spec.js";

/** What agents are told about a source, with the receiving agent's shares of the campaign's rate and prefix budget. */
export function planOf(
  campaign: CampaignRecord,
  source: SourceRecord,
  { packetsPerSecond, perPrefix, routerPacketsPerSecond }: Shares,
): WorkPlan {
  const common = {
    plan: planId(campaign.id, source.id),
    campaign: campaign.id,
    secret: campaign.secret,
    ports: source.ports,
    packetsPerSecond,
    perPrefix,
    routerPacketsPerSecond,
    timing: null,
    source: plannedSource(campaign, source),
  };
  const { synscan, verify, tracebox, timing } = campaign.spec.stages;
  if (source.pass === "verify" && verify !== undefined) {
    const { retries, replyWindowMs } = verify;
    const variants = verifyVariants(campaign.spec);
    // A handshake looks like Linux' own, whatever the scan's probes look like.
    return { ...common, stage: "verify", variants, options: "linux", retries, replyWindowMs, maxTtl: 0 };
  }
  if (source.pass === "tracebox" && tracebox !== undefined) {
    const { options, retries, replyWindowMs, maxTtl } = tracebox;
    const variants = traceVariants(campaign.spec);
    return { ...common, stage: "tracebox", variants, options, retries, replyWindowMs, maxTtl };
  }
  if (source.pass === "timing" && timing !== undefined) {
    const { runs, timeoutMs, bodyLimitBytes, https } = timing;
    return {
      ...common,
      stage: "timing",
      // What the system's own sockets send.
      ...{ variants: ["v1", "plain"], options: "linux", retries: 0, replyWindowMs: BETWEEN_CONNECTIONS_MS, maxTtl: 0 },
      timing: { runs, timeoutMs, bodyLimitBytes, httpsPorts: https },
    };
  }
  const { options, retries, replyWindowMs } = synscan;
  const variants = scanVariants(campaign.spec);
  return { ...common, stage: "synscan", variants, options, retries, replyWindowMs, maxTtl: 0 };
}

/** One agent's part of what a campaign may send. */
export interface Shares {
  readonly packetsPerSecond: number;
  readonly perPrefix: PrefixShare | null;
  readonly routerPacketsPerSecond: number;
}

/** A handshake with all that belongs to it: MP_JOIN, SYN, request, second subflow, resets. */
const PACKETS_PER_HANDSHAKE = 16;

/** About how many packets one index costs, when nobody answers early. */
export function packetsPerIndex({
  stage,
  variants,
  maxTtl,
  retries,
  timing,
}: Pick<WorkPlan, "stage" | "variants" | "maxTtl" | "retries" | "timing">): number {
  switch (stage) {
    case "synscan":
      return variants.length * (1 + retries);
    case "tracebox":
      return variants.length * maxTtl * (1 + retries);
    case "verify":
      return variants.length * PACKETS_PER_HANDSHAKE;
    case "timing":
      return timing === null ? 0 : connectionsOf(timing) * PACKETS_PER_CONNECTION;
  }
}

/** How many indices an agent gets done in a second at its rate, when nobody answers early. */
export function plannedIndicesPerSecond(plan: WorkPlan): number {
  const byRate = plan.packetsPerSecond / packetsPerIndex(plan);
  return plan.timing === null ? byRate : Math.min(byRate, targetsPerSecond(plan.timing));
}

function plannedSource(campaign: CampaignRecord, source: SourceRecord): WorkPlan["source"] {
  return source.list === null
    ? {
        kind: "space",
        ranges: campaign.ranges.map(([first, last]) => ({ first, last })),
        permutationKey: sourcePermutationKey(campaign.permutationKey, source.order),
      }
    : { kind: "list", size: source.size };
}
