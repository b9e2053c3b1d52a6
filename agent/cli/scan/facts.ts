import { hostname } from "node:os";
import { formatAddress } from "../../../shared/address/address.js";
import { FIRST_SOURCE_PORT } from "../../../shared/probe/fields.js";
import { profileFacts } from "../../../shared/probe/profile.js";
import { createTarget } from "../../../shared/target/source.js";
import type { PortPlan } from "../../wire/plan-port.js";
import type { OwnRules } from "../allowed.js";
import type { BegunScan } from "./begin.js";
import type { ScanFacts } from "./metadata.js";
import type { ScanPlan } from "./plan.js";
import type { ScanRequest } from "./request.js";
import type { ScanView } from "./view.js";

/** What only the run knows. Unix milliseconds. */
export interface RunFacts {
  readonly view: ScanView;
  readonly ports: readonly PortPlan[];
  readonly endReason: string;
  readonly sendEndedAtMs: number | null;
  readonly endedAtMs: number;
}

/** Everything that the metadata tells. */
export function scanFacts(request: ScanRequest, rules: OwnRules, begun: BegunScan, run: RunFacts): ScanFacts {
  const { output } = request;
  const { plan, remaining } = begun;
  const totals = run.view.totals();
  const { targetsSent, targetsDone } = run.view.counts();
  const routes = run.ports.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].filter((route) => route !== null));
  const most = request.mostTargets;
  return {
    hostname: hostname(),
    ports: request.ports,
    sourcePorts: { first: FIRST_SOURCE_PORT, last: 65_535 },
    maxTargets: most === null ? null : "targets" in most ? most.targets : plan.targets,
    maxRuntimeS: request.maxRuntimeS,
    maxResults: request.maxResults,
    results: totals.results,
    interface: run.ports[0]?.interface ?? null,
    driver: run.ports[0]?.driver ?? null,
    packetsPerSecond: plan.packetsPerSecond,
    bitsPerSecond: request.bitsPerSecond,
    cooldownMs: request.replyWindowMs,
    sendingThreads: request.sendingThreads,
    seed: request.seed,
    shard: request.shard,
    shards: request.shards,
    minHitRatePercent: request.minHitRatePercent,
    maxSendFailures: request.maxSendFailures,
    received: totals.received,
    kernelDrops: totals.kernelDrops,
    valid: totals.valid,
    foreign: totals.foreign,
    allowedAddresses: plan.sources.reduce((sum, { addresses }) => sum + addresses, 0),
    excludedAddresses: remaining.excluded,
    exclusions: remaining.exclusions,
    firstTarget: firstTarget(plan),
    sendErrors: totals.sendErrors,
    packets: totals.packets,
    targetsSent,
    targetsDone,
    targets: plan.targets,
    successes: totals.successes,
    cooldownSuccesses: totals.cooldownSuccesses,
    failures: totals.replies - totals.successes,
    duplicates: totals.duplicates,
    late: totals.late,
    skipped: totals.skipped,
    variants: request.variants,
    profile: request.profile,
    probeTtl: profileFacts(request.profile).ttl,
    retries: request.retries,
    replyWindowMs: request.replyWindowMs,
    outputFormat: output.format,
    outputFile: output.file,
    outputFields: output.fields.map(({ name }) => name),
    outputFilter: output.filterText,
    startedAtMs: begun.startedAtMs,
    sendEndedAtMs: run.sendEndedAtMs,
    endedAtMs: run.endedAtMs,
    sourceAddresses: routes.map(({ source }) => formatAddress(source)),
    gatewayMacs: routes.map(({ nextHopMac }) => macText(nextHopMac)),
    targetsOnCommandLine: request.targets,
    blocklistFiles: [request.blocklistFile, ...new Set(rules.file.blocked.map(({ origin }) => origin))].filter(
      (file) => file !== null,
    ),
    allowlistFile: request.allowlistFile,
    quiet: request.quiet,
    notes: request.notes,
    userMetadata: request.userMetadata,
    endReason: run.endReason,
    askedAgain: begun.askedAgain,
  };
}

function firstTarget({ sources: [first] }: ScanPlan): string | null {
  if (first === undefined) return null;
  const target = createTarget();
  first.source.targetAt(first.from, target);
  return formatAddress(target.address);
}

function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
