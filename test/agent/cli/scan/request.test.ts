import { describe, expect, it } from "@jest/globals";
import { scanRequest } from "../../../../agent/cli/scan/request.js";
import { formatAddress } from "../../../../shared/address/address.js";
import { UserError } from "../../../../shared/errors.js";
import { scanArguments } from "./arguments.js";

const requestOf = (...line: string[]) => scanRequest(scanArguments(line));

function refusal(...line: string[]): UserError {
  try {
    requestOf(...line);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("the command line of a scan", () => {
  it("needs nothing but targets", () => {
    expect(requestOf("198.18.0.0/16")).toMatchObject({
      targets: ["198.18.0.0/16"],
      ports: [80],
      variants: ["v0", "v1", "plain", "unknown-option"],
      profile: "linux",
      retries: 1,
      replyWindowMs: 2000,
      packetsPerSecond: 1000,
      bitsPerSecond: null,
      packetsPerSecondPerPrefix: null,
      mostTargets: null,
      seed: null,
      shards: 1,
      shard: 0,
      sendingThreads: 1,
      maxSendFailures: null,
      minHitRatePercent: 0,
      resumeFile: null,
      output: { file: null, format: "json", filterText: null, headerRow: true },
    });
  });

  it("still has the options that it had", () => {
    const line = "198.18.0.1 --port 80,443 --variant v1,plain --rate 5 --retries 0 --window 300 --interface up0";
    expect(requestOf(...line.split(" "))).toMatchObject({
      ports: [80, 443],
      variants: ["v1", "plain"],
      packetsPerSecond: 5,
      retries: 0,
      replyWindowMs: 300,
      interface: "up0",
    });
  });

  it("takes ZMap's letters", () => {
    const line =
      "-p 80,8000-8002 -o out.csv -b block.txt -w allow.txt -B 10M -n 10% -N 5 -t 60 -c 8 -P 3 -e 42 -i eth0 " +
      "-S 192.0.2.1,2001:db8::1 -G 02:00:5e:10:00:01 -O csv -f saddr,sport -m meta.json -u status.csv -q --no-header-row";
    const request = requestOf(...line.split(" "));
    expect(request).toMatchObject({
      targets: [],
      ports: [80, 8000, 8001, 8002],
      blocklistFile: "block.txt",
      allowlistFile: "allow.txt",
      packetsPerSecond: null,
      bitsPerSecond: 10e6,
      mostTargets: { percent: 10 },
      maxResults: 5,
      maxRuntimeS: 60,
      replyWindowMs: 8000,
      retries: 2,
      seed: 42,
      interface: "eth0",
      gatewayMac: Uint8Array.of(2, 0, 0x5e, 0x10, 0, 1),
      output: { file: "out.csv", format: "csv", headerRow: false },
      metadataFile: "meta.json",
      statusFile: "status.csv",
      quiet: true,
    });
    expect(request.sourceAddresses.map(formatAddress)).toEqual(["192.0.2.1", "2001:db8::1"]);
    expect(request.output.fields.map(({ name }) => name)).toEqual(["saddr", "sport"]);
  });

  it("takes - for standard output", () => {
    expect(requestOf("198.18.0.1", "-o", "-").output.file).toBeNull();
  });

  it.each<[string, string[]]>([
    ["--rate", ["--rate", "0"]],
    ["--rate", ["--rate", "fast"]],
    ["--rate and --bandwidth", ["-r", "5", "-B", "1M"]],
    ["--bandwidth", ["-B", "1X"]],
    ["--retries", ["--retries", "21"]],
    ["--probes", ["-P", "0"]],
    ["--probes and --retries", ["-P", "1", "--retries", "1"]],
    ["--window", ["--window", "60001"]],
    ["--window and --cooldown-time", ["--window", "5", "-c", "5"]],
    ["--cooldown-time", ["-c", "0"]],
    ["--target-ports", ["-p", "0"]],
    ["--target-ports", ["-p", "80", "-p", "443"]],
    ["--config", ["--config", "a", "-C", "b"]],
    ["--variant", ["--variant", "v2"]],
    ["--max-targets", ["-n", "0"]],
    ["--max-results", ["-N", "0"]],
    ["--max-runtime", ["-t", "0.5"]],
    ["--seed", ["-e", "-1"]],
    ["--seed", ["-e", "9007199254740992"]],
    ["--shard", ["--shards", "4", "--shard", "4"]],
    ["--shards", ["--shards", "0"]],
    ["--min-hitrate", ["--min-hitrate", "101"]],
    ["--max-sendto-failures", ["--max-sendto-failures", "-2"]],
    ["--source-ip", ["-S", "192.0.2.300"]],
    ["--source-ip", ["-S", "192.0.2.1,192.0.2.2"]],
    ["--gateway-mac", ["-G", "02:00:5e:10:00"]],
    ["--sender-threads", ["-T", "0"]],
    ["--prefix-rate", ["--prefix-rate", "0"]],
    ["--output-fields", ["-f", "saddr,nothing"]],
    ["--output-filter", ["--output-filter", "success ="]],
    ["--user-metadata", ["--user-metadata", "{"]],
    ["--json and --output-module csv", ["--json", "-O", "csv"]],
  ])("names %s in %p, and says what to write", (option, line) => {
    const error = refusal("198.18.0.1", ...line);
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(option);
    expect(error.remedy).not.toBe("");
    expect(error.line).not.toContain("\n");
  });
});
