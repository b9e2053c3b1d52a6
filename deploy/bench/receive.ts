import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createBenchNetwork } from "./network.js";
import { type Running, start, usageOf } from "./process.js";
import type { Received } from "./receive-sink.js";
import type { Sent } from "./receive-source.js";
import type { BenchOptions, BenchResult } from "./result.js";
import { spreadOf } from "./statistics.js";

const REPLIES_PER_SECOND = 600_000;
const REPLIES = 2_200_000;
const MOST_ROUNDS = 5;

interface Round extends Received {
  readonly sentPerSecond: number;
  readonly peakBytes: number;
  readonly cpuNsPerReply: number;
}

/**
 * The receive path from the kernel's ring to a classified row: SYN/ACKs that answer probes, each another one, at a rate
 * beyond what any scan gets.
 */
export async function benchReceive(options: BenchOptions): Promise<BenchResult> {
  const rounds: Round[] = [];
  const most = Math.min(MOST_ROUNDS, options.rounds);
  for (let round = 0; round < most; round++) {
    const result = await measure();
    rounds.push(result);
    const { sentPerSecond, rows, kernelDrops, cpuNsPerReply } = result;
    options.say(
      `round ${round + 1} of ${most}: ${rows} rows of ${REPLIES} at ${perSecond(sentPerSecond)}, ${kernelDrops} dropped, ${cpuNsPerReply.toFixed(0)} ns each`,
    );
  }
  return {
    name: "receive",
    title: `${REPLIES} SYN/ACKs at ${perSecond(REPLIES_PER_SECOND)}: decoded, validated, classified`,
    tables: [
      {
        head: ["round", "sent", "rows", "dropped by the kernel", "CPU a reply", "peak memory"],
        rows: rounds.map(({ sentPerSecond, rows, kernelDrops, cpuNsPerReply, peakBytes }, i) => [
          `${i + 1}`,
          perSecond(sentPerSecond),
          `${rows}`,
          `${kernelDrops}`,
          `${cpuNsPerReply.toFixed(0)} ns`,
          `${(peakBytes / 1e6).toFixed(0)} MB`,
        ]),
      },
    ],
    figures: { rounds, cpuNsPerReply: spreadOf(rounds.map(({ cpuNsPerReply }) => cpuNsPerReply)) },
  };
}

async function measure(): Promise<Round> {
  const network = createBenchNetwork("nobody", { deaf: true });
  const running: Running[] = [];
  const child = (namespace: string, core: number, name: string, link: string): Running => {
    const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    const command = network.command(namespace, [process.execPath, file, link, String(REPLIES)], core);
    const started = start(command, true);
    running.push(started);
    return started;
  };
  try {
    const sink = child(network.sender, 1, "receive-sink", network.senderLink);
    const source = child(network.receiver, 0, "receive-source", network.receiverLink);
    await Promise.all([sink.message(), source.message()]);
    const before = usageOf(sink.child.pid);
    source.child.send(REPLIES_PER_SECOND);
    const sent = (await source.message()) as Sent;
    await sleep(500);
    const after = usageOf(sink.child.pid);
    sink.child.send("end");
    const received = (await sink.message()) as Received;
    if (before === null || after === null) throw new Error(`the receiver ended early: ${sink.printed()}`);
    const cpuNsPerReply = (1e9 * (after.cpuSeconds - before.cpuSeconds)) / received.received;
    return { ...received, peakBytes: after.peakBytes, sentPerSecond: sent.packets / sent.seconds, cpuNsPerReply };
  } finally {
    for (const one of running) await one.kill();
    network.destroy();
  }
}

function perSecond(rate: number): string {
  return `${(rate / 1000).toFixed(0)} k/s`;
}
