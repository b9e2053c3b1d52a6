import type { Prefix } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import { sourceOfPlan, type WorkPlan } from "../../shared/lease/work.js";
import { createProbeFields, type ProbeFields } from "../../shared/probe/fields.js";
import { createReplyMatcher, type ReplyMatcher } from "../../shared/probe/match.js";
import { OPTION_PROFILES, type OptionProfile } from "../../shared/probe/profile.js";
import { inAnyPrefix } from "../../shared/target/prefix-set.js";
import { createTarget } from "../../shared/target/source.js";
import { createJointCap } from "../rate/joint-cap.js";
import { createPacer } from "../rate/pacer.js";
import { createRateCap, RATE_CAP_BYTES, type RateCap } from "../rate/rate-cap.js";
import type { HalvesOptions } from "../sender/halves.js";
import type { SenderHost } from "../sender/job.js";
import { createSynScan } from "../synscan/engine.js";
import { createTiming } from "../timing/engine.js";
import type { MakeVisit } from "../timing/visit.js";
import { createTracebox } from "../tracebox/engine.js";
import { createVerify } from "../verify/engine.js";
import type { Clock } from "../wire/clock.js";
import type { Engine, EngineOptions } from "../wire/engine.js";
import type { DriverName, PacketPort } from "../wire/port.js";
import { createReceiver } from "../wire/receiver.js";
import type { ListenForSyns } from "../wire/syn-listener.js";
import type { ProbeJob, ProbeRun, StartProbing } from "./engine.js";

/** Everything that touches the network interface, as the rest of the agent sees it. */
export interface ProbeNetwork {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Source addresses, 16 bytes. */
  readonly sources: readonly Uint8Array[];
  /** How packets leave and why that way; the name is null while they do not. */
  readonly driver: DriverFact;
  /** Hears SYNs that other agents send here; null where it cannot. */
  readonly listen: ListenForSyns | null;
  readonly startProbing: StartProbing;
  /** Who has opted out, in place of what was said before: not asked any more, in work that is under way too; resolves when it holds. */
  leaveOut(optedOut: readonly Prefix[]): Promise<void>;
  /** Takes replies in until `signal` is aborted; rejects when the interface is of no more use. */
  run(signal: AbortSignal): Promise<void>;
  stats(): NetworkStats;
  close(): Promise<void>;
}

/** Since the network was opened. */
export interface NetworkStats {
  readonly packetsSent: number;
  readonly replies: number;
  readonly kernelDrops: number;
  readonly sendErrors: number;
  /** Packets taken in that are no reply, by what they are (see the receiver). */
  readonly unclaimed: number;
  readonly foreign: number;
  readonly malformed: number;
  /** Times that a sending thread waited for the rate. */
  readonly rateWaits: number;
}

/** Of a network that is not open. */
export const NO_NETWORK_STATS: NetworkStats = {
  ...{ packetsSent: 0, replies: 0, kernelDrops: 0, sendErrors: 0 },
  ...{ unclaimed: 0, foreign: 0, malformed: 0, rateWaits: 0 },
};

export interface DriverFact {
  readonly name: DriverName | null;
  readonly reason: string;
}

export interface ProbeNetworkOptions {
  readonly driver: DriverFact;
  readonly listen: ListenForSyns | null;
  /** Takes all answers in, and sends what handshakes need. */
  readonly port: PacketPort;
  /** Sends the probes of scans and traces. */
  readonly host: SenderHost;
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  /** The agent's own cap. */
  readonly packetsPerSecond: number;
  /** The agent's own blocks: left out when their turn comes, whatever a plan asks for. */
  readonly leftOut: readonly Prefix[];
  /** Rejects with UserError when handshakes cannot be made here. */
  readonly prepareHandshakes: () => Promise<void>;
  readonly webTiming: WebTimingParts;
  readonly clock: Clock;
}

/** How pages are fetched from here: by the system's own sockets. */
export interface WebTimingParts {
  /** Throws UserError when none can be. */
  readonly prepare: () => void;
  readonly visit: MakeVisit;
}

/** What the engines of one campaign share. */
interface CampaignParts {
  readonly fields: ProbeFields;
  readonly matchers: Map<OptionProfile, ReplyMatcher>;
  readonly cap: SharedCap;
}

interface SharedCap {
  readonly cap: RateCap;
  readonly memory: SharedArrayBuffer;
}

/** Runs the probe engines on a packet port. */
export function createProbeNetwork(options: ProbeNetworkOptions): ProbeNetwork {
  const { clock, port, host, source4, source6 } = options;
  const receiver = createReceiver({ port, clock });
  const own = sharedCap(options.packetsPerSecond, clock);
  const campaigns = new Map<string, CampaignParts>();
  const isBlocked = inAnyPrefix(options.leftOut);
  let hasOptedOut = inAnyPrefix([]);
  const busyHosts = new Set<string>();

  const partsOf = (plan: WorkPlan) => {
    const known = campaigns.get(plan.campaign);
    known?.cap.cap.setRate(plan.packetsPerSecond);
    const fields = known?.fields ?? createProbeFields(plan.secret);
    const matchers = known?.matchers ?? new Map<OptionProfile, ReplyMatcher>();
    const cap = known?.cap ?? sharedCap(plan.packetsPerSecond, clock);
    // Stages of a campaign may look like different systems.
    const profile = profileNamed(plan.options);
    const matcher = matchers.get(profile) ?? createReplyMatcher(fields, profile);
    matchers.set(profile, matcher);
    campaigns.set(plan.campaign, { fields, matchers, cap });
    return { fields, profile, matcher, cap };
  };

  const engineOf = (job: ProbeJob, allowedUntil: () => number): Engine => {
    const { plan } = job;
    const isSkipped = (address: Uint8Array): boolean => isBlocked(address) || hasOptedOut(address);
    const { fields, profile, matcher, cap } = partsOf(plan);
    const engine: EngineOptions = {
      receiver,
      clock,
      secret: plan.secret,
      fields,
      matcher,
      profile,
      source: job.source,
      sourceId: sourceOfPlan(plan.plan),
      from: job.from,
      to: job.to,
      variants: plan.variants,
      retries: plan.retries,
      replyWindowMs: plan.replyWindowMs,
      emit: job.emit,
      onLeftOut(index) {
        const target = createTarget();
        job.source.targetAt(index, target);
        const reason = isBlocked(target.address) ? "blocklist" : "opt-out";
        job.emit({
          table: "target_skips",
          source: sourceOfPlan(plan.plan),
          index,
          target: target.address,
          port: target.port,
          reason,
        });
      },
    };
    const halves: HalvesOptions = {
      ...engine,
      host,
      sourceSpec: job.sourceSpec,
      caps: [own.memory, cap.memory],
      skip: options.leftOut,
      perPrefix: plan.perPrefix,
      allowedUntil,
    };
    switch (plan.stage) {
      case "synscan":
        return createSynScan(halves);
      case "tracebox": {
        const { maxTtl, routerPacketsPerSecond } = plan;
        return createTracebox({ ...halves, source4, source6, maxTtl, routerPacketsPerSecond });
      }
      case "verify":
        return createVerify({
          ...engine,
          port,
          source4,
          source6,
          pacer: createPacer({ limiter: createJointCap(own.cap, cap.cap), clock, allowedUntil }),
          resetPacer: createPacer({ limiter: createJointCap(own.cap, cap.cap), clock, allowedUntil: always }),
          prepare: options.prepareHandshakes,
          busyHosts,
          isSkipped,
        });
      case "timing": {
        if (plan.timing === null) throw new TypeError("a plan of stage timing without its numbers");
        const pacer = createPacer({ limiter: createJointCap(own.cap, cap.cap), clock, allowedUntil });
        return createTiming({
          ...engine,
          ...plan.timing,
          ...{ pacer, busyHosts, allowedUntil, isSkipped },
          prepare: options.webTiming.prepare,
          visit: options.webTiming.visit,
          emit: job.emit,
        });
      }
    }
  };

  const startProbing = (job: ProbeJob): ProbeRun => {
    const abort = new AbortController();
    let stopped = false;
    const engine = engineOf(job, () => (stopped ? 0 : job.allowedUntil()));
    return {
      get sent() {
        return engine.progress().sent;
      },
      get done() {
        return engine.progress().done;
      },
      gateMoved: engine.gateMoved,
      stop() {
        if (!stopped) {
          stopped = true;
          engine.gateMoved();
          // The engine goes on receiving while the gate before its send batches is shut.
          void clock.sleep(job.plan.replyWindowMs).then(() => abort.abort());
        }
      },
      finished: engine.run(abort.signal),
    };
  };

  return {
    ipv4: source4 !== null,
    ipv6: source6 !== null,
    sources: [source4, source6].filter((source) => source !== null),
    driver: options.driver,
    listen: options.listen,
    startProbing,
    leaveOut(optedOut) {
      hasOptedOut = inAnyPrefix(optedOut);
      return host.leaveOut(optedOut);
    },
    run: (signal) => receiver.run(signal),
    stats() {
      const probes = host.stats();
      const handshakes = port.sendStats();
      return {
        ...receiver.stats(),
        packetsSent: probes.sent + handshakes.sent,
        rateWaits: probes.rateWaits,
        kernelDrops: port.receiveStats().kernelDrops ?? 0,
        sendErrors: probes.sendErrors + handshakes.sendErrors,
      };
    },
    async close() {
      await host.close();
      port.close();
    },
  };
}

function sharedCap(packetsPerSecond: number, clock: Clock): SharedCap {
  const memory = new SharedArrayBuffer(RATE_CAP_BYTES);
  return { memory, cap: createRateCap({ packetsPerSecond, nowMs: clock.monotonicMs, memory }) };
}

const always = (): number => Number.POSITIVE_INFINITY;

function profileNamed(name: string): OptionProfile {
  const profile = OPTION_PROFILES.find((known) => known === name);
  if (profile === undefined) {
    throw new UserError(`this version knows no option profile ${JSON.stringify(name)}`, {
      remedy: `use ${OPTION_PROFILES.join(", ")}`,
    });
  }
  return profile;
}
