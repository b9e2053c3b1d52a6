import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BenchChain, createBenchChain } from "./chain.js";
import { start } from "./process.js";
import type { BenchOptions, BenchResult } from "./result.js";
import { spreadOf } from "./statistics.js";
import type { Traced, TraceTask } from "./trace-agent.js";
import { findTracePeers, type PeerTraces } from "./trace-peers.js";

/**
 * One hop: more than ten seconds of probes at a rate beyond what is promised. One core does everything: sends, receives,
 * compares, and is the router (whose kernel works where the packet was sent).
 */
const ONE_HOP = { addresses: 131_072, ports: 26, maxTtl: 1, retries: 0, packetsPerSecond: 330_000 };
const SIX_HOPS = { addresses: 65_536, ports: 1, maxTtl: 16, retries: 2, packetsPerSecond: 1_000_000 };
const CORE = 1;
const HOPS = 6;
const MOST_ROUNDS = 3;

/** Speed and completeness of traces: one router that quotes each probe, then six hops beside the peers. */
export async function benchTrace(options: BenchOptions): Promise<BenchResult> {
  const most = Math.min(MOST_ROUNDS, options.rounds);
  const near: Traced[] = [];
  for (let round = 0; round < most; round++) {
    const traced = await onChain(1, (chain) => trace(chain, { link: chain.link, ...ONE_HOP }, CORE));
    near.push(traced);
    options.say(`one hop, round ${round + 1} of ${most}: ${oneHopRow(traced).join(", ")}`);
  }
  const far: Traced[] = [];
  const peers = new Map<string, PeerTraces[]>();
  for (let round = 0; round < most; round++) {
    await onChain(HOPS, async (chain) => {
      const listen = "require('node:net').createServer().listen(80, '0.0.0.0', 4096)";
      const listener = start(chain.command(chain.hosts, [process.execPath, "-e", listen]));
      try {
        await sleep(500);
        const traced = await trace(chain, { link: chain.link, ...SIX_HOPS });
        far.push(traced);
        options.say(
          `${HOPS} hops, round ${round + 1} of ${most}: ${sixHopsRow("parallax", ownTraces(traced)).join(", ")}`,
        );
        for (const peer of findTracePeers(options)) {
          const result = await peer.trace(chain);
          peers.set(peer.name, [...(peers.get(peer.name) ?? []), result]);
          options.say(`${HOPS} hops, round ${round + 1} of ${most}: ${sixHopsRow(peer.name, result).join(", ")}`);
        }
      } finally {
        await listener.kill();
      }
    });
  }
  const rows = [["parallax", far.map(ownTraces)] as const, ...peers].map(([name, all]) =>
    sixHopsRow(name, middle(all)),
  );
  return {
    name: "trace",
    title: `Traces: a router that quotes each probe, ${MOST_ROUNDS} rounds at most; then ${SIX_HOPS.addresses} hosts over ${HOPS} hops`,
    tables: [
      {
        head: ["one hop, one core", "probes/s", "missed", "dropped by the kernel", "CPU a probe", "peak memory"],
        rows: near.map((traced, i) => [`round ${i + 1}`, ...oneHopRow(traced)]),
      },
      { head: [`${HOPS} hops, median`, "targets/s", "probes/s sent", "hops found", "targets", "time"], rows },
    ],
    figures: { near, far, peers: Object.fromEntries(peers) },
  };
}

async function onChain<T>(hops: number, run: (chain: BenchChain) => Promise<T>): Promise<T> {
  const chain = createBenchChain(hops);
  try {
    return await run(chain);
  } finally {
    chain.destroy();
  }
}

async function trace(chain: BenchChain, task: TraceTask, core?: number): Promise<Traced> {
  const file = fileURLToPath(new URL("./trace-agent.js", import.meta.url));
  const running = start(chain.command(chain.tracer, [process.execPath, file, JSON.stringify(task)], core), true);
  try {
    return (await running.message()) as Traced;
  } finally {
    await running.kill();
  }
}

function oneHopRow({
  targets,
  packets,
  sendSeconds,
  unmodified,
  kernelDrops,
  cpuSeconds,
  peakBytes,
}: Traced): string[] {
  return [
    `${(packets / sendSeconds / 1000).toFixed(0)} k`,
    `${targets - (unmodified[1] ?? 0)} of ${targets}`,
    `${kernelDrops}`,
    `${((1e9 * cpuSeconds) / packets).toFixed(0)} ns`,
    `${(peakBytes / 1e6).toFixed(0)} MB`,
  ];
}

function ownTraces({ targets, packets, sendSeconds, seconds, unmodified }: Traced): PeerTraces {
  const hops = unmodified.slice(1, HOPS).reduce((sum, count) => sum + count, 0);
  return { targets, packetsPerSecond: packets / sendSeconds, seconds, completeness: hops / (targets * (HOPS - 1)) };
}

function sixHopsRow(name: string, { targets, packetsPerSecond, seconds, completeness }: PeerTraces): string[] {
  return [
    name,
    (targets / seconds).toFixed(1),
    packetsPerSecond === null ? "" : `${(packetsPerSecond / 1000).toFixed(1)} k`,
    `${(100 * completeness).toFixed(3)} %`,
    `${targets}`,
    `${seconds.toFixed(1)} s`,
  ];
}

function middle(all: readonly PeerTraces[]): PeerTraces {
  const of = (value: (traces: PeerTraces) => number): number => spreadOf(all.map(value)).median;
  const hasRate = all.every(({ packetsPerSecond }) => packetsPerSecond !== null);
  return {
    targets: of(({ targets }) => targets),
    packetsPerSecond: hasRate ? of(({ packetsPerSecond }) => packetsPerSecond ?? 0) : null,
    seconds: of(({ seconds }) => seconds),
    completeness: of(({ completeness }) => completeness),
  };
}
