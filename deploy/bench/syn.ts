import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../shared/errors.js";
import { type BenchNetwork, createBenchNetwork, NOBODY } from "./network.js";
import { findProgram, start, usageOf } from "./process.js";
import type { BenchOptions, BenchResult } from "./result.js";
import { ratioOf, spreadOf } from "./statistics.js";

/** A program that sends SYNs to 198.18.0.0/15 for at least `seconds`, as fast as it can from one core. */
interface Contender {
  readonly name: string;
  command(network: BenchNetwork, seconds: number): readonly string[];
}

interface Round {
  readonly packetsPerSecond: number;
  readonly cpuNsPerPacket: number;
  readonly peakBytes: number;
}

/** All run on this core, with every thread they have. */
const CORE = 1;
const WARM_UP_MS = 700;
const STARTS_WITHIN_MS = 20_000;
/** More targets than anyone can ask in the time. */
const PORTS = "1-1000";

/** Speed of sending: our drivers, the limit and the peers in turns, counted where the packets arrive. */
export async function benchSyn(options: BenchOptions): Promise<BenchResult> {
  const contenders = findContenders(options);
  const network = createBenchNetwork("nobody");
  const rounds = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  try {
    for (let round = 0; round < options.rounds; round++) {
      // Each begins once, so that none always runs behind the same other.
      for (let i = 0; i < contenders.length; i++) {
        const contender = contenders[(round + i) % contenders.length] as Contender;
        const result = await measure(network, contender, options.seconds);
        rounds.get(contender.name)?.push(result);
        options.say(`round ${round + 1} of ${options.rounds}: ${contender.name} ${kpps(result.packetsPerSecond)}`);
      }
    }
  } finally {
    network.destroy();
  }
  return resultOf(rounds);
}

async function measure(network: BenchNetwork, contender: Contender, seconds: number): Promise<Round> {
  const before = network.arrived();
  const lasting = Math.ceil(seconds + (WARM_UP_MS + STARTS_WITHIN_MS) / 1000);
  const running = start(network.command(network.sender, contender.command(network, lasting), CORE));
  try {
    const startedMs = performance.now();
    while (network.arrived() - before < 1_000) {
      if (running.child.exitCode !== null || performance.now() - startedMs > STARTS_WITHIN_MS) {
        throw new Error(`${contender.name} sends nothing: ${running.printed()}`);
      }
      await sleep(20);
    }
    await sleep(WARM_UP_MS);
    const first = look(network, running.child.pid);
    await sleep(seconds * 1000);
    const last = look(network, running.child.pid);
    if (first === null || last === null) throw new Error(`${contender.name} ended early: ${running.printed()}`);
    const packets = last.packets - first.packets;
    return {
      packetsPerSecond: packets / ((last.ms - first.ms) / 1000),
      cpuNsPerPacket: (1e9 * (last.cpuSeconds - first.cpuSeconds)) / packets,
      peakBytes: last.peakBytes,
    };
  } finally {
    await running.kill();
  }
}

function look(network: BenchNetwork, pid: number) {
  const usage = usageOf(pid);
  const beforeMs = performance.now();
  const packets = network.arrived();
  return usage === null ? null : { ...usage, packets, ms: (beforeMs + performance.now()) / 2 };
}

function findContenders({ folder, only, say }: BenchOptions): Contender[] {
  const limits = [limit(folder, "AF_XDP limit (C)", "xdp-limit"), limit(folder, "ring limit (C)", "packet-limit")];
  const all = [...limits, parallax("xdp", folder), parallax("packet", folder), zmap(), masscan(folder)];
  const found = all.filter((one): one is Contender => {
    if (typeof one === "string") say(one);
    return typeof one !== "string";
  });
  const wanted = found.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
  if (wanted.length > 0) return wanted;
  throw new UserError(`no contender's name has ${only.join(" or ")} in it`, {
    remedy: `use parts of: ${found.map(({ name }) => name).join(", ")}`,
  });
}

/** A constant-packet C loop, if there is a compiler; else why not. */
function limit(folder: string, name: string, source: string): Contender | string {
  const compiler = findProgram("cc", "CC");
  if (compiler === null) return `no C compiler (CC): the ${name} is not measured`;
  const program = join(folder, source);
  execFileSync(compiler, ["-O2", "-o", program, `deploy/bench/${source}.c`]);
  return {
    name,
    command: (network, seconds) => [program, network.senderLink, String(seconds), NOBODY],
  };
}

/** What a user would start, with everything on: permutation, keyed fields, checksums, both MPTCP versions. */
function parallax(driver: "xdp" | "packet", folder: string): Contender {
  const config = join(folder, "agent.yaml");
  writeFileSync(config, "open: [198.18.0.0/15]\ncaps: { packetsPerSecond: 10000000 }\n");
  const targets = ["198.18.0.0/15", "-p", PORTS, "--variant", "v0,v1", "--retries", "0"];
  const rest = ["--rate", "10000000", "--driver", driver, "--config", config, "--quiet", "-o", "/dev/null"];
  return {
    name: `parallax ${driver}`,
    command: (network) => [
      process.execPath,
      "dist/agent/main.js",
      "scan",
      ...targets,
      ...rest,
      "-i",
      network.senderLink,
    ],
  };
}

function zmap(): Contender | string {
  const program = findProgram("zmap", "ZMAP");
  if (program === null) return "no zmap on the path or in ZMAP: not compared";
  return {
    name: `zmap ${versionOf(program)}`,
    command: ({ senderLink, address }, seconds) => [
      ...[program, "-p", PORTS, "-i", senderLink, "-S", address, "-G", NOBODY, "-T", "1", "-r", "0", "-q"],
      ...["-b", "/dev/null", "-o", "/dev/null", "--cooldown-time=0", `--max-runtime=${seconds}`, "198.18.0.0/15"],
    ],
  };
}

function masscan(folder: string): Contender | string {
  const program = findProgram("masscan", "MASSCAN");
  if (program === null) return "no masscan on the path or in MASSCAN: not compared";
  return {
    name: `masscan ${versionOf(program)}`,
    command: ({ senderLink, address }) => [
      ...[program, "198.18.0.0/15", `-p${PORTS}`, "-e", senderLink, "--source-ip", address, "--router-mac", NOBODY],
      ...["--rate", "100000000", "--wait", "0", "-oB", join(folder, "masscan.out")],
    ],
  };
}

/** The first number in what `--version` prints; masscan ends that with an exit code of 1. */
function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? "of an unknown version";
}

function resultOf(rounds: ReadonlyMap<string, readonly Round[]>): BenchResult {
  const names = [...rounds.keys()];
  const values = (name: string, key: keyof Round): number[] => (rounds.get(name) ?? []).map((round) => round[key]);
  const rows = names.map((name) => {
    const speed = spreadOf(values(name, "packetsPerSecond"));
    return [
      name,
      kpps(speed.median),
      `${kpps(speed.low)} to ${kpps(speed.high)}`,
      `${spreadOf(values(name, "cpuNsPerPacket")).median.toFixed(0)} ns`,
      `${(Math.max(...values(name, "peakBytes")) / 1e6).toFixed(0)} MB`,
    ];
  });
  const own = names.filter((name) => name.startsWith("parallax"));
  const others = names.filter((name) => !name.startsWith("parallax"));
  const ratios = own.flatMap((a) =>
    others.map((b) => ({ a, b, ...ratioOf(values(a, "packetsPerSecond"), values(b, "packetsPerSecond")) })),
  );
  return {
    name: "syn",
    title: "SYNs from one core into a veth pair, counted where they arrive",
    tables: [
      { head: ["", "packets/s", "quartiles", "CPU a packet", "peak memory"], rows },
      {
        head: ["ratio, round by round", "median", "quartiles"],
        rows: ratios.map(({ a, b, median, low, high }) => [
          `${a} / ${b}`,
          median.toFixed(2),
          `${low.toFixed(2)} to ${high.toFixed(2)}`,
        ]),
      },
    ],
    figures: { rounds: Object.fromEntries(rounds), ratios },
  };
}

function kpps(packetsPerSecond: number): string {
  return `${(packetsPerSecond / 1000).toFixed(0)} k`;
}
