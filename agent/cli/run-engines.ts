import { addressFamily } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import { createPacer, type Pacer } from "../rate/pacer.js";
import { createRateCap, RATE_CAP_BYTES } from "../rate/rate-cap.js";
import type { SenderHost } from "../sender/job.js";
import { openSenderHost } from "../sender/open-host.js";
import { type Clock, createSystemClock } from "../wire/clock.js";
import type { Engine, EngineProgress } from "../wire/engine.js";
import { openPacketPort } from "../wire/open-port.js";
import { type PortPlan, planPort } from "../wire/plan-port.js";
import type { PacketPort, RealDriver } from "../wire/port.js";
import { createReceiver, type Receiver } from "../wire/receiver.js";

/** The parts of an engine that depend on where it runs. */
export interface EngineParts {
  readonly port: PacketPort;
  readonly host: SenderHost;
  readonly receiver: Receiver;
  readonly clock: Clock;
  readonly pacer: Pacer;
  /** Memory of the rate cap that all jobs keep to together. */
  readonly cap: SharedArrayBuffer;
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
}

/** Engines whose targets have one family and one way. */
export interface Job {
  readonly family: 4 | 6;
  /** One of the targets: the route to it is the route to all. */
  readonly towards: Uint8Array;
  readonly addresses: number;
  create(parts: EngineParts): readonly Engine[];
}

export interface EngineNetwork {
  /** Null: that of the route. */
  readonly interface: string | null;
  /** Addresses of the interface to send from, at most one of each family; of a family without, that of the route. */
  readonly sourceAddresses: readonly Uint8Array[];
  /** Null: that of the routes' next hops. */
  readonly gatewayMac: Uint8Array | null;
  /** Null: the fastest that works. */
  readonly driver: RealDriver | null;
  /** xdp: the network card reads packets where they lie. */
  readonly zeroCopy: boolean;
  readonly packetsPerSecond: number;
  /** Threads that send, for each job. */
  readonly sendingThreads: number;
}

/** What the ports have seen so far, together. */
export interface NetworkStats {
  readonly received: number;
  /** Null: the driver cannot tell. */
  readonly kernelDrops: number | null;
  readonly sendErrors: number;
  /** Packets that answer a probe of ours, and all others that came in. */
  readonly valid: number;
  readonly foreign: number;
}

/** Engines on open ports. */
export interface OpenEngines {
  readonly plans: readonly PortPlan[];
  /** Of each engine, in the order of the jobs. */
  progress(): readonly EngineProgress[];
  stats(): NetworkStats;
  /** Runs all at the same time, under one rate. Rejects with UserError when one of them fails. Can be called once. */
  run(signal: AbortSignal): Promise<void>;
  /** Closes the ports. */
  close(): Promise<void>;
}

/** The engines of a packet port. */
interface OpenPort {
  readonly engines: readonly Engine[];
  readonly plan: PortPlan;
  readonly port: PacketPort;
  readonly host: SenderHost;
  readonly receiver: Receiver;
  readonly receiving: Promise<void>;
}

/** Opens packet ports and senders for the jobs, all under one rate cap. Rejects with UserError. */
export async function openEngines(jobs: readonly Job[], network: EngineNetwork): Promise<OpenEngines> {
  const clock = createSystemClock();
  const cap = new SharedArrayBuffer(RATE_CAP_BYTES);
  const { packetsPerSecond } = network;
  const limiter = createRateCap({ packetsPerSecond, nowMs: clock.monotonicMs, memory: cap });
  const pacer = createPacer({ limiter, clock, allowedUntil: () => Number.POSITIVE_INFINITY });
  const over = new AbortController();
  const opened: OpenPort[] = [];

  async function open(plan: PortPlan, sharing: readonly Job[]): Promise<void> {
    const port = openPacketPort(plan);
    const host = openSenderHost(plan, port, clock);
    const receiver = createReceiver({ port, clock });
    const receiving = receiver.run(over.signal);
    // Whoever runs the engines looks at it; until then a failure must not count as unhandled.
    receiving.catch(() => undefined);
    const parts: EngineParts = {
      ...{ port, host, receiver, pacer, cap, clock },
      source4: plan.ipv4?.source ?? null,
      source6: plan.ipv6?.source ?? null,
    };
    opened.push({ engines: sharing.flatMap((job) => job.create(parts)), plan, port, host, receiver, receiving });
  }

  async function close(): Promise<void> {
    over.abort();
    await Promise.allSettled(opened.map(({ receiving }) => receiving));
    for (const { host, port } of opened) {
      await host.close();
      port.close();
    }
  }

  try {
    for (const { plan, sharing } of await planJobs(jobs, network)) await open(plan, sharing);
  } catch (error) {
    await close();
    throw error;
  }
  const engines = opened.flatMap((one) => one.engines);
  return {
    plans: opened.map(({ plan }) => plan),
    progress: () => engines.map((engine) => engine.progress()),
    stats: () => opened.map(statsOf).reduce(addStats, NO_STATS),
    async run(signal) {
      const running = Promise.all(engines.map((engine) => engine.run(signal)));
      // A receive loop ends before the engines only by failing.
      const receiving = Promise.all(opened.map((one) => one.receiving));
      await Promise.race([running, receiving.then(() => Promise.reject(receiveLoopEnded()))]);
    },
    close,
  };
}

interface SharedPlan {
  readonly plan: PortPlan;
  readonly sharing: readonly Job[];
}

/**
 * One port for all jobs whose packets leave through one interface: a queue of it can be sent to by one AF_XDP socket. But
 * two where jobs of one family have different next hops.
 */
async function planJobs(jobs: readonly Job[], network: EngineNetwork): Promise<SharedPlan[]> {
  const plans: SharedPlan[] = [];
  for (const job of jobs) {
    const plan = await planFor(job, network);
    const at = plans.findIndex((other) => canShare(other.plan, plan));
    const other = plans[at];
    if (other === undefined) plans.push({ plan, sharing: [job] });
    else plans[at] = { plan: joined(other.plan, plan), sharing: [...other.sharing, job] };
  }
  return plans;
}

function canShare(a: PortPlan, b: PortPlan): boolean {
  const isSame = (one: PortPlan["ipv4"], other: PortPlan["ipv4"]): boolean =>
    one === null || other === null || Buffer.compare(one.nextHopMac, other.nextHopMac) === 0;
  return a.interface === b.interface && isSame(a.ipv4, b.ipv4) && isSame(a.ipv6, b.ipv6);
}

function joined(a: PortPlan, b: PortPlan): PortPlan {
  return { ...a, ipv4: a.ipv4 ?? b.ipv4, ipv6: a.ipv6 ?? b.ipv6 };
}

function planFor({ family, towards, addresses }: Job, network: EngineNetwork): Promise<PortPlan> {
  const towards4 = family === 4 ? towards : undefined;
  const towards6 = family === 6 ? towards : undefined;
  const without = new Set<4 | 6>([family === 4 ? 6 : 4]);
  const source4 = network.sourceAddresses.find((address) => addressFamily(address) === 4);
  const source6 = network.sourceAddresses.find((address) => addressFamily(address) === 6);
  return planPort({
    ...(network.interface === null ? {} : { interface: network.interface }),
    ...(network.driver === null ? {} : { driver: network.driver }),
    ...(towards4 === undefined ? {} : { towards4 }),
    ...(towards6 === undefined ? {} : { towards6 }),
    ...(source4 === undefined ? {} : { source4 }),
    ...(source6 === undefined ? {} : { source6 }),
    ...(network.gatewayMac === null ? {} : { gatewayMac: network.gatewayMac }),
    zeroCopy: network.zeroCopy,
    sendingThreads: network.sendingThreads,
    manyTargets: addresses > 1,
    without,
  });
}

const NO_STATS: NetworkStats = { received: 0, kernelDrops: 0, sendErrors: 0, valid: 0, foreign: 0 };

function statsOf({ port, host, receiver }: OpenPort): NetworkStats {
  const { received, kernelDrops } = port.receiveStats();
  const { replies, unclaimed, foreign, malformed } = receiver.stats();
  const sendErrors = host.stats().sendErrors + port.sendStats().sendErrors;
  return { received, kernelDrops, sendErrors, valid: replies + unclaimed, foreign: foreign + malformed };
}

function addStats(a: NetworkStats, b: NetworkStats): NetworkStats {
  return {
    received: a.received + b.received,
    kernelDrops: a.kernelDrops === null || b.kernelDrops === null ? null : a.kernelDrops + b.kernelDrops,
    sendErrors: a.sendErrors + b.sendErrors,
    valid: a.valid + b.valid,
    foreign: a.foreign + b.foreign,
  };
}

function receiveLoopEnded(): UserError {
  return new UserError("the receive loop ended early", { remedy: "check that the interface is still up" });
}
