import { writeFile } from "node:fs/promises";
import { errorCode, UserError } from "../../../shared/errors.js";
import { VERSION } from "../../../shared/version.js";
import type { Exclusion } from "./exclusions.js";

/** What is known of a scan when it ends, however it ends. Times are Unix milliseconds, null where it did not come so far. */
export interface ScanFacts {
  readonly hostname: string;
  readonly ports: readonly number[];
  readonly sourcePorts: { readonly first: number; readonly last: number };
  readonly maxTargets: number | null;
  readonly maxRuntimeS: number | null;
  readonly maxResults: number | null;
  /** Rows that were printed. */
  readonly results: number;
  readonly interface: string | null;
  readonly driver: string | null;
  readonly packetsPerSecond: number;
  readonly bitsPerSecond: number | null;
  readonly cooldownMs: number;
  readonly sendingThreads: number;
  readonly seed: number | null;
  readonly shard: number;
  readonly shards: number;
  readonly minHitRatePercent: number;
  readonly maxSendFailures: number | null;
  readonly received: number;
  readonly kernelDrops: number | null;
  /** Packets that answer a probe, and those that look like answers and are none. */
  readonly valid: number;
  readonly foreign: number;
  readonly allowedAddresses: number;
  readonly excludedAddresses: number;
  readonly exclusions: readonly Exclusion[];
  readonly firstTarget: string | null;
  readonly sendErrors: number;
  readonly packets: number;
  readonly targetsSent: number;
  readonly targetsDone: number;
  readonly targets: number;
  readonly successes: number;
  readonly cooldownSuccesses: number;
  /** Replies other than SYN/ACK. */
  readonly failures: number;
  readonly duplicates: number;
  readonly late: number;
  /** Targets left out when their turn came, and those whose answers are incomplete. */
  readonly skipped: number;
  readonly variants: readonly string[];
  readonly profile: string;
  readonly probeTtl: number;
  readonly retries: number;
  readonly replyWindowMs: number;
  readonly outputFormat: string;
  readonly outputFile: string | null;
  readonly outputFields: readonly string[];
  readonly outputFilter: string | null;
  readonly startedAtMs: number;
  readonly sendEndedAtMs: number | null;
  readonly endedAtMs: number;
  readonly sourceAddresses: readonly string[];
  readonly gatewayMacs: readonly string[];
  readonly targetsOnCommandLine: readonly string[];
  readonly blocklistFiles: readonly string[];
  readonly allowlistFile: string | null;
  readonly quiet: boolean;
  readonly notes: string | null;
  readonly userMetadata: unknown;
  readonly endReason: string;
  /** Index intervals that were asked a second time because an earlier run ended before it could say that they were over. */
  readonly askedAgain: readonly { readonly source: string; readonly from: number; readonly to: number }[];
}

/**
 * The document of `--metadata-file`: ZMap's names (src/summary.c) where ZMap has the thing, the others behind
 * `parallax_version`. What does not apply is left out, as with ZMap.
 */
export function scanMetadata(facts: ScanFacts): Readonly<Record<string, unknown>> {
  const again = facts.askedAgain.reduce((sum, { from, to }) => sum + to - from, 0);
  const probes = (facts.targetsSent + again) * facts.variants.length;
  return withoutNull({
    local_hostname: facts.hostname,
    source_port_first: facts.sourcePorts.first,
    source_port_last: facts.sourcePorts.last,
    target_ports: facts.ports,
    max_targets: facts.maxTargets ?? 0,
    max_runtime: facts.maxRuntimeS ?? 0,
    max_results: facts.maxResults ?? 0,
    output_results: facts.results,
    iface: facts.interface,
    rate: facts.packetsPerSecond,
    bandwidth: facts.bitsPerSecond ?? 0,
    cooldown_secs: facts.cooldownMs / 1000,
    senders: facts.sendingThreads,
    seed: facts.seed,
    seed_provided: facts.seed === null ? 0 : 1,
    hitrate: probes === 0 ? 0 : (100 * facts.successes) / probes,
    shard_num: facts.shard,
    total_shards: facts.shards,
    min_hitrate: facts.minHitRatePercent,
    max_sendto_failures: facts.maxSendFailures ?? -1,
    pcap_recv: facts.received,
    pcap_drop: facts.kernelDrops,
    blocklist_total_allowed: facts.allowedAddresses,
    blocklist_total_not_allowed: facts.excludedAddresses,
    validation_passed: facts.valid,
    validation_failed: facts.foreign,
    first_scanned: facts.firstTarget,
    send_to_failures: facts.sendErrors,
    packets_sent: facts.packets,
    targets_scanned: facts.targetsSent,
    success_total: facts.successes,
    success_unique: facts.successes,
    success_cooldown_total: facts.cooldownSuccesses,
    success_cooldown_unique: facts.cooldownSuccesses,
    failure_total: facts.failures,
    packet_streams: facts.variants.length,
    probe_module: "mptcp_synscan",
    output_module: facts.outputFormat,
    send_start_time: timeText(facts.startedAtMs),
    send_end_time: timeText(facts.sendEndedAtMs ?? facts.endedAtMs),
    recv_start_time: timeText(facts.startedAtMs),
    recv_end_time: timeText(facts.endedAtMs),
    output_filter: facts.outputFilter,
    cli_cidr_destinations: facts.targetsOnCommandLine,
    probe_ttl: facts.probeTtl,
    gateway_mac: facts.gatewayMacs[0],
    source_ips: facts.sourceAddresses,
    output_filename: facts.outputFile,
    blocklist_filename: facts.blocklistFiles[0],
    allowlist_filename: facts.allowlistFile,
    dryrun: 0,
    quiet: facts.quiet ? 1 : 0,
    deduplication_method: "full",
    "user-metadata": facts.userMetadata,
    notes: facts.notes,
    blocklisted_networks: facts.exclusions.map(({ prefix }) => prefix),
    parallax_version: VERSION,
    end_reason: facts.endReason,
    driver: facts.driver,
    targets: facts.targets,
    targets_done: facts.targetsDone,
    variants: facts.variants,
    option_profile: facts.profile,
    retries: facts.retries,
    reply_window_secs: facts.replyWindowMs / 1000,
    duplicates: facts.duplicates,
    late_replies: facts.late,
    targets_skipped: facts.skipped,
    output_fields: facts.outputFields,
    gateway_macs: facts.gatewayMacs,
    blocklist_filenames: facts.blocklistFiles,
    exclusions: facts.exclusions,
    asked_again: facts.askedAgain,
  });
}

/** Writes the document to a file, or to standard output for `-`. Rejects with UserError. */
export async function writeMetadata(file: string, facts: ScanFacts): Promise<void> {
  const text = `${JSON.stringify(scanMetadata(facts))}\n`;
  try {
    await (file === "-" ? writeStdout(text) : writeFile(file, text));
  } catch (cause) {
    throw new UserError(`--metadata-file: ${file} cannot be written (${errorCode(cause)})`, {
      remedy: "name a file in a folder that may be written and has room",
      cause,
    });
  }
}

function writeStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function withoutNull(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null && value !== undefined));
}

/** ISO 8601 with whole seconds, in UTC. */
function timeText(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}+0000`;
}
