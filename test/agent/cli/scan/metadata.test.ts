import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { type ScanFacts, scanMetadata, writeMetadata } from "../../../../agent/cli/scan/metadata.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-metadata-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FACTS: ScanFacts = {
  hostname: "probe",
  ports: [80],
  sourcePorts: { first: 61_000, last: 65_535 },
  maxTargets: null,
  maxRuntimeS: null,
  maxResults: 5,
  results: 5,
  interface: "eth0",
  driver: "packet",
  packetsPerSecond: 1000,
  bitsPerSecond: null,
  cooldownMs: 8000,
  sendingThreads: 1,
  seed: null,
  shard: 0,
  shards: 1,
  minHitRatePercent: 0,
  maxSendFailures: null,
  received: 40,
  kernelDrops: null,
  valid: 30,
  foreign: 10,
  allowedAddresses: 200,
  excludedAddresses: 56,
  exclusions: [{ prefix: "198.18.0.0/26", why: "asked by mail", addresses: 56 }],
  firstTarget: "198.18.0.77",
  sendErrors: 0,
  packets: 110,
  targetsSent: 90,
  targetsDone: 80,
  targets: 200,
  successes: 25,
  cooldownSuccesses: 1,
  failures: 3,
  duplicates: 2,
  late: 0,
  skipped: 0,
  variants: ["v1"],
  profile: "linux",
  probeTtl: 64,
  retries: 1,
  replyWindowMs: 8000,
  outputFormat: "csv",
  outputFile: null,
  outputFields: ["saddr"],
  outputFilter: null,
  startedAtMs: Date.UTC(2026, 2, 1, 12, 0, 0, 500),
  sendEndedAtMs: null,
  endedAtMs: Date.UTC(2026, 2, 1, 12, 0, 10),
  sourceAddresses: ["192.0.2.1"],
  gatewayMacs: ["02:00:5e:10:00:01"],
  targetsOnCommandLine: ["198.18.0.0/24"],
  blocklistFiles: ["block.txt", "more.txt"],
  allowlistFile: null,
  quiet: true,
  notes: "first try",
  userMetadata: { run: 7 },
  endReason: "max-results",
  askedAgain: [{ source: "synscan/v4/80", from: 10, to: 20 }],
};

/** What src/summary.c of ZMap 4.3 writes of a TCP scan, less log, syslog, pcap_ifdrop, generator and default_mode. */
const ZMAP_NAMES = [
  ...["local_hostname", "source_port_first", "source_port_last", "target_ports", "max_targets", "max_runtime"],
  ...["max_results", "output_results", "iface", "rate", "bandwidth", "cooldown_secs", "senders", "seed_provided"],
  ...["hitrate", "shard_num", "total_shards", "min_hitrate", "max_sendto_failures", "pcap_recv"],
  ...["blocklist_total_allowed", "blocklist_total_not_allowed", "validation_passed", "validation_failed"],
  ...["first_scanned", "send_to_failures", "packets_sent", "targets_scanned", "success_total", "success_unique"],
  ...["success_cooldown_total", "success_cooldown_unique", "failure_total", "packet_streams", "probe_module"],
  ...["output_module", "send_start_time", "send_end_time", "recv_start_time", "recv_end_time"],
  ...["cli_cidr_destinations", "probe_ttl", "gateway_mac", "source_ips", "blocklist_filename", "dryrun", "quiet"],
  ...["deduplication_method", "user-metadata", "notes", "blocklisted_networks"],
];

describe("the metadata of a scan", () => {
  it("has ZMap's names", () => {
    const document = scanMetadata(FACTS);
    expect(Object.keys(document)).toEqual(expect.arrayContaining(ZMAP_NAMES));
    expect(document).toMatchObject({
      max_targets: 0,
      max_results: 5,
      max_sendto_failures: -1,
      seed_provided: 0,
      send_start_time: "2026-03-01T12:00:00+0000",
      send_end_time: "2026-03-01T12:00:10+0000",
      // 25 of 90 targets and the 10 that were asked a second time.
      hitrate: 25,
      "user-metadata": { run: 7 },
      end_reason: "max-results",
    });
  });

  it("leaves out what is not known or was not asked for", () => {
    const document = scanMetadata(FACTS);
    for (const name of ["pcap_drop", "seed", "output_filename", "allowlist_filename", "output_filter"]) {
      expect(document).not.toHaveProperty(name);
    }
    expect(scanMetadata({ ...FACTS, targetsSent: 0, askedAgain: [] })).toMatchObject({ hitrate: 0 });
  });

  it("is one line of a file, and a file that cannot be written is named", async () => {
    const file = join(folder, "meta.json");
    await writeMetadata(file, FACTS);
    expect(readFileSync(file, "utf8")).toBe(`${JSON.stringify(scanMetadata(FACTS))}\n`);
    await expect(writeMetadata(join(folder, "none", "x"), FACTS)).rejects.toThrow(
      /--metadata-file: .* cannot be written \(ENOENT\)/,
    );
  });
});
