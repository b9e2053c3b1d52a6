import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeIdentity } from "../../../agent/identity/identity.js";
import { startBroker } from "../../../coordinator/broker/broker.js";
import { openIdentity } from "../../../coordinator/identity/service.js";
import { type Running, type Usage, usageOf } from "../process.js";
import type { BenchOptions, BenchResult } from "../result.js";
import { atShare } from "../statistics.js";
import { benchName, benchVantage } from "./agent.js";
import { type Asked, checkCoverage, type Findings } from "./check.js";
import { startChurn } from "./churn.js";
import { enrolledDirectly } from "./enrolled.js";
import type { CoordinatorTask, FromCoordinator, GrantTiming } from "./messages.js";
import { keepOn, startAgents, startOn } from "./processes.js";

/** The others are in so many processes: in one, its collector of garbage would stop all of them for longer than a grant takes. */
const STEADY_GROUPS = 8;
const AGENTS = 1_000;
/** Of the agents, as many as churn touches in half a minute, in groups that live and die together. */
const FRAGILE = { groups: 4, each: 5 };
/** The coordinator shares its core with the broker that it starts; what makes the load has the other one. */
const CORES = { coordinator: 0, others: 1 };
/**
 * Of the agents, one of so many is watched: those run ahead of all others on their core. Agents have machines of their own;
 * here the others are load, and what they take of the core is not what a grant takes.
 */
const AGENTS_PER_WATCHED = 20;
/** Grants of the first seconds, when every agent asks at once, are counted apart. */
const BEGIN_MS = 10_000;
/** Of the addresses of IPv4 about 3.7 thousand millions are left; with two ports these are more than 2^32 indices. */
const TARGETS = 7.4e9;
const PACKETS_PER_TARGET = 8;

interface Measured {
  readonly size: number;
  readonly began: readonly GrantTiming[];
  /** Of the watched agents, and of those that share their core with hundreds. */
  readonly watched: readonly GrantTiming[];
  readonly steady: readonly GrantTiming[];
  /** The same, as the coordinator met them: what it takes without the agents' core. */
  readonly atCoordinator: readonly GrantTiming[];
  /** Grants after a lease had reached the end of the space: small pieces, and what was taken back. */
  readonly tail: readonly GrantTiming[];
  readonly usage: Usage;
  readonly seconds: number;
  readonly coordinatorCores: number;
  readonly writesPerSecond: number;
  readonly writtenBytesPerSecond: number;
  readonly longestTurnMs: { readonly coordinator: number; readonly agents: number };
  readonly killed: number;
  readonly frozen: number;
  readonly findings: Findings;
}

/**
 * A coordinator and its broker on one core with a thousand agents on the other, on one campaign over all of IPv4 with two
 * ports, to its end. Of the agents 1 % a minute are killed or frozen and come back. Sessions, leases and control state are
 * the real ones; what the agents leave out is said in agent.ts.
 */
export async function benchFleet({ folder, minutes, agents = AGENTS, say }: BenchOptions): Promise<BenchResult> {
  const measured = await measure(join(folder, "fleet"), 60 * minutes, agents, say);
  const { findings, longestTurnMs } = measured;
  const row = (name: string, value: string, target = "") => [name, value, target];
  const latency = (name: string, grants: readonly GrantTiming[], target?: string) => {
    const at = (share: number) =>
      atShare(
        grants.map(({ latencyMs }) => latencyMs),
        share,
      ).toFixed(1);
    return row(name, grants.length === 0 ? "none" : `${at(0.5)} / ${at(0.99)} ms of ${grants.length}`, target);
  };
  return {
    name: "fleet",
    title: `Fleet: ${agents} agents on one campaign of ${measured.size} indices, ${measured.killed} killed and ${measured.frozen} frozen meanwhile`,
    tables: [
      {
        head: ["", "measured", "target"],
        rows: [
          latency("lease grant, median / p99", measured.watched, "p99 under 50 ms"),
          latency("of it at the coordinator", measured.atCoordinator),
          latency("to agents in line for their core", measured.steady),
          latency("while all agents begin", measured.began),
          latency("at the end of the space", measured.tail),
          row("coordinator's memory (VmHWM)", `${(measured.usage.peakBytes / 1e6).toFixed(0)} MB`, "under 512 MB"),
          row("coordinator's core", `${(100 * measured.coordinatorCores).toFixed(0)} % busy`),
          row(
            "control state",
            `${measured.writesPerSecond.toFixed(0)} writes/s, ${(measured.writtenBytesPerSecond / 1e3).toFixed(0)} kB/s`,
          ),
          row(
            "longest turn",
            `coordinator ${longestTurnMs.coordinator.toFixed(0)} ms, agents ${longestTurnMs.agents.toFixed(0)} ms`,
          ),
          row("gaps, overlaps in the coverage", `${findings.gaps}, ${findings.overlaps}`, "none"),
          row("indices that nobody sent to", `${findings.unsent}`, "none"),
          row("sent twice without being recorded", `${findings.unrecorded} of ${findings.repeated}`, "none"),
          row("recorded as uncertain", `${findings.uncertain}`),
          row("time of the campaign", `${measured.seconds.toFixed(0)} s`),
        ],
      },
    ],
    figures: {
      ...measured,
      began: latencies(measured.began),
      watched: latencies(measured.watched),
      steady: latencies(measured.steady),
      atCoordinator: latencies(measured.atCoordinator),
      tail: latencies(measured.tail),
    },
  };
}

async function measure(
  folder: string,
  lengthSeconds: number,
  agents: number,
  say: (text: string) => void,
): Promise<Measured> {
  mkdirSync(folder, { recursive: true });
  const data = join(folder, "identity");
  const identities = join(folder, "identities");
  const identity = await openIdentity({ data, publicNames: [], nowMs: Date.now });
  say("enrolling the agents");
  for (let number = 0; number < agents; number++) {
    const name = benchName(number);
    const enrolled = await enrolledDirectly(identity, { name, vantage: benchVantage(number) }, Date.now);
    writeIdentity(join(identities, name), enrolled);
  }
  const ledger = join(folder, "ledger");
  const broker = await startBroker({
    folder: join(folder, "broker"),
    host: "127.0.0.1",
    port: 0,
    tls: identity.tls,
    accounts: await identity.brokerAccounts(),
    onExit: (reason) => say(`broker: ${reason}`),
  });
  const ends: (() => Promise<void>)[] = [() => broker.stop()];
  try {
    keepOn(CORES.coordinator, broker.pid);
    const perSecond = TARGETS / lengthSeconds / agents / 0.75;
    const maxPps = Math.round(perSecond * PACKETS_PER_TARGET);
    const campaign = `series: bench\ntargets: { ipv4: [0.0.0.0/0] }\nports: [80, 443]\nrate: { perAgentPps: ${maxPps} }\n`;
    const coordinator = startOn(CORES.coordinator, "coordinator", {
      broker: broker.url,
      identity: data,
      folder,
      campaign,
      agents,
    } satisfies CoordinatorTask);
    ends.push(() => coordinator.kill());
    const listening = await next(coordinator, "listening");
    const task = { address: `127.0.0.1:${listening.port}`, identities, life: 1, disk: 1, ledger, maxPps };
    const watchedCount = Math.ceil(agents / AGENTS_PER_WATCHED);
    const robust = agents - FRAGILE.groups * FRAGILE.each - watchedCount;
    const watched = startAgents(
      CORES.others,
      { ...task, first: agents - watchedCount, count: watchedCount, fragile: false },
      true,
    );
    ends.push(() => watched.kill());
    const steady = Array.from({ length: STEADY_GROUPS }, (_, group) => {
      const [first = 0, end = 0] = [group, group + 1].map((of) => Math.floor((robust * of) / STEADY_GROUPS));
      return startAgents(CORES.others, { ...task, first, count: end - first, fragile: false });
    });
    ends.push(async () => {
      await Promise.all(steady.map((group) => group.kill()));
    });
    const churn = startChurn(
      CORES.others,
      Array.from({ length: FRAGILE.groups }, (_, i) => {
        return { ...task, first: robust + i * FRAGILE.each, count: FRAGILE.each, fragile: true };
      }),
      agents / 100,
    );
    ends.push(async () => {
      await Promise.all(churn.groups.map((group) => group.kill()));
    });
    const { size } = await next(coordinator, "started");
    const beganMs = Date.now();
    const before = usageOf(coordinator.child.pid);
    const seen = await follow(coordinator, say);
    const usage = usageOf(coordinator.child.pid);
    const seconds = (Date.now() - beganMs) / 1_000;
    const { killed, frozen } = churn;
    await churn.stop();
    await Promise.all([watched, ...steady].map((group) => group.stop()));
    if (usage === null || before === null) throw new Error(`the coordinator ended early: ${coordinator.printed()}`);
    const grantsTo = (groups: readonly { readonly grants: readonly GrantTiming[] }[]) =>
      groups.flatMap((group) => group.grants).sort((a, b) => a.atMs - b.atMs);
    const grants = grantsTo([watched, ...steady, ...churn.groups]);
    const endMs = grants.find(({ to }) => to === size)?.atMs ?? Number.POSITIVE_INFINITY;
    const isSteady = ({ atMs }: GrantTiming): boolean => atMs >= beganMs + BEGIN_MS && atMs < endMs;
    return {
      size,
      began: grants.filter(({ atMs }) => atMs < beganMs + BEGIN_MS),
      watched: grantsTo([watched]).filter(isSteady),
      steady: grantsTo([...steady, ...churn.groups]).filter(isSteady),
      atCoordinator: seen.grants.filter(isSteady),
      tail: grants.filter(({ atMs }) => atMs >= endMs),
      usage,
      seconds,
      coordinatorCores: (usage.cpuSeconds - before.cpuSeconds) / seconds,
      writesPerSecond: seen.writes / seconds,
      writtenBytesPerSecond: seen.writtenBytes / seconds,
      longestTurnMs: {
        coordinator: seen.longestTurnMs,
        agents: Math.max(...[watched, ...steady].map((group) => group.longestTurnMs)),
      },
      killed,
      frozen,
      findings: checkCoverage({ size, ...coverageIn(join(folder, "coverage.ndjson")), sent: sentIn(ledger) }),
    };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function next<K extends FromCoordinator["kind"]>(from: Running, kind: K) {
  const message = (await from.message()) as FromCoordinator;
  if (message.kind !== kind) throw new Error(`the coordinator said ${message.kind} instead of ${kind}`);
  return message as Extract<FromCoordinator, { kind: K }>;
}

/** Until the campaign is over; resolves with the last counts. */
async function follow(coordinator: Running, say: (text: string) => void) {
  let last = { writes: 0, writtenBytes: 0, longestTurnMs: 0 };
  const grants: GrantTiming[] = [];
  let saidMs = 0;
  await new Promise<void>((resolve, reject) => {
    coordinator.child.on("message", (message: FromCoordinator) => {
      if (message.kind === "finished") resolve();
      if (message.kind !== "progress") return;
      grants.push(...message.grants);
      last = { ...message, longestTurnMs: Math.max(last.longestTurnMs, message.longestTurnMs) };
      if (Date.now() - saidMs < 10_000) return;
      saidMs = Date.now();
      say(
        `${message.connected} agents, ${(message.leased / 1e6).toFixed(0)} M sent, ${(message.committed / 1e6).toFixed(0)} M committed, ${message.writes} writes`,
      );
    });
    void once(coordinator.child, "exit").then(() =>
      reject(new Error(`the coordinator ended: ${coordinator.printed()}`)),
    );
  });
  return { ...last, grants };
}

function latencies(grants: readonly GrantTiming[]) {
  const values = grants.map(({ latencyMs }) => latencyMs);
  const at = (share: number) => (values.length === 0 ? null : atShare(values, share));
  return { grants: values.length, medianMs: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), worstMs: at(1) };
}

function coverageIn(file: string): { asked: Asked[]; uncertain: Asked[] } {
  const rows = lines(file).map((line) => JSON.parse(line) as Asked & { kind: string });
  return {
    asked: rows.filter(({ kind }) => kind === "asked"),
    uncertain: rows.filter(({ kind }) => kind === "uncertain"),
  };
}

function sentIn(file: string): Asked[] {
  const byEpoch = new Map<number, Asked>();
  for (const line of lines(file)) {
    const [epoch = 0, from = 0, to = 0] = line.split(" ").map(Number);
    byEpoch.set(epoch, { epoch, from, to });
  }
  return [...byEpoch.values()];
}

function lines(file: string): string[] {
  return readFileSync(file, "latin1")
    .split("\n")
    .filter((line) => line !== "");
}
