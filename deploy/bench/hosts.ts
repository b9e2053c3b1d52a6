import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchNetwork, createBenchNetwork } from "./network.js";
import { findProgram, start, usageOf } from "./process.js";
import type { BenchOptions, BenchResult } from "./result.js";
import { ratioOf, spreadOf } from "./statistics.js";

const TARGETS = "198.18.0.0/15";
const HOSTS = 131_072;
const PACKETS_PER_SECOND = "50000";
/** ZMap's default. */
const COOL_DOWN_SECONDS = "8";
const MOST_ROUNDS = 3;

interface Contender {
  readonly name: string;
  /** Scans once, one SYN a host, and writes the address of each answer as a line. */
  command(network: BenchNetwork, file: string): readonly string[];
}

interface Round {
  readonly found: number;
  readonly twice: number;
  readonly seconds: number;
  readonly peakBytes: number;
}

/** A whole scan of live hosts: what is found, and how long it takes, from the start of the program to its end. */
export async function benchHosts(options: BenchOptions): Promise<BenchResult> {
  const contenders = findContenders(options);
  const rounds = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  const network = createBenchNetwork("hosts");
  const listen = "require('node:net').createServer().listen(80, '0.0.0.0', 4096)";
  const listener = start(network.command(network.receiver, [process.execPath, "-e", listen]));
  try {
    await sleep(500);
    const most = Math.min(MOST_ROUNDS, options.rounds);
    for (let round = 0; round < most; round++) {
      for (let i = 0; i < contenders.length; i++) {
        const contender = contenders[(round + i) % contenders.length] as Contender;
        const result = await scan(network, contender, join(options.folder, "found"));
        rounds.get(contender.name)?.push(result);
        const { found, twice, seconds } = result;
        options.say(
          `round ${round + 1} of ${most}: ${contender.name} ${found} found, ${twice} twice, ${seconds.toFixed(2)} s`,
        );
      }
    }
  } finally {
    await listener.kill();
    network.destroy();
  }
  return resultOf(rounds);
}

async function scan(network: BenchNetwork, contender: Contender, file: string): Promise<Round> {
  const startedMs = performance.now();
  const running = start(network.command(network.sender, contender.command(network, file)));
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = usageOf(running.child.pid)?.peakBytes ?? peakBytes;
  }, 100);
  try {
    const [code] = (await once(running.child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`${contender.name} ended with code ${code}: ${running.printed()}`);
  } finally {
    clearInterval(watch);
    await running.kill();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const addresses = readFileSync(file, "latin1")
    .split("\n")
    .filter((line) => line !== "");
  rmSync(file);
  const found = new Set(addresses).size;
  return { found, twice: addresses.length - found, seconds, peakBytes };
}

function findContenders({ folder, say }: BenchOptions): Contender[] {
  const config = join(folder, "hosts.yaml");
  writeFileSync(config, "open: [198.18.0.0/15]\ncaps: { packetsPerSecond: 10000000 }\n");
  const probes = ["--variant", "v1", "-P", "1", "-c", COOL_DOWN_SECONDS, "--rate", PACKETS_PER_SECOND];
  const rows = ["-O", "csv", "-f", "saddr", "--no-header-row", "--output-filter", "success = 1", "--quiet"];
  const own: Contender = {
    name: "parallax",
    command: (_network, file) => [
      ...[process.execPath, "dist/agent/main.js", "scan", TARGETS, "--config", config, ...probes, ...rows, "-o", file],
    ],
  };
  const zmap = findProgram("zmap", "ZMAP");
  if (zmap === null) {
    say("no zmap on the path or in ZMAP: not compared");
    return [own];
  }
  return [
    own,
    {
      name: "zmap",
      command: (network, file) => [
        ...[zmap, "-p", "80", "-i", network.senderLink, "-r", PACKETS_PER_SECOND, "-P", "1", "-c", COOL_DOWN_SECONDS],
        ...["-b", "/dev/null", "-q", "-T", "1", "-o", file, TARGETS],
      ],
    },
  ];
}

function resultOf(rounds: ReadonlyMap<string, readonly Round[]>): BenchResult {
  const rows = [...rounds].map(([name, all]) => {
    const seconds = spreadOf(all.map((round) => round.seconds));
    return [
      name,
      all.map(({ found }) => `${found}`).join(", "),
      all.map(({ twice }) => `${twice}`).join(", "),
      `${seconds.median.toFixed(2)} s (${seconds.low.toFixed(2)} to ${seconds.high.toFixed(2)})`,
      `${(Math.max(...all.map(({ peakBytes }) => peakBytes)) / 1e6).toFixed(0)} MB`,
    ];
  });
  const [own = [], zmap] = [...rounds.values()].map((all) => all.map(({ seconds }) => seconds));
  const ratio = zmap === undefined ? null : ratioOf(own, zmap);
  return {
    name: "hosts",
    title: `${HOSTS} live hosts, one SYN each at ${PACKETS_PER_SECOND} packets/s, ${COOL_DOWN_SECONDS} s of cool-down`,
    tables: [
      { head: ["", "found", "twice", "time", "peak memory"], rows },
      ...(ratio === null
        ? []
        : [{ head: ["ratio of the times", "median"], rows: [["parallax / zmap", ratio.median.toFixed(3)]] }]),
    ],
    figures: { rounds: Object.fromEntries(rounds), ratio },
  };
}
