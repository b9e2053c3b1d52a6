import { UserError } from "../../shared/errors.js";
import { sourceOfPlan, type WorkPlan } from "../../shared/lease/work.js";
import { createProbeFields, type ProbeFields } from "../../shared/probe/fields.js";
import { createReplyMatcher, type ReplyMatcher } from "../../shared/probe/match.js";
import type { OptionProfile } from "../../shared/probe/profile.js";
import { createSynScan } from "../synscan/engine.js";
import { createTracebox } from "../tracebox/engine.js";
import type { Clock } from "../wire/clock.js";
import type { Engine, EngineOptions } from "../wire/engine.js";
import type { OpenPort } from "../wire/open-port.js";
import { createPacer } from "../wire/pacer.js";
import { createReceiver } from "../wire/receiver.js";
import { createTokenBucket, type TokenBucket } from "../wire/token-bucket.js";
import type { ProbeJob, ProbeRun, StartProbing } from "./engine.js";
import { createSharedLimiter } from "./limiter.js";

/** Everything that touches the network interface, as the rest of the agent sees it. */
export interface ProbeNetwork {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly startProbing: StartProbing;
  /** Takes replies in until `signal` is aborted; rejects when the interface is of no more use. */
  run(signal: AbortSignal): Promise<void>;
  stats(): { packetsSent: number; replies: number; kernelDrops: number; sendErrors: number };
  close(): void;
}

export interface ProbeNetworkOptions {
  readonly open: OpenPort;
  /** The agent's own cap. */
  readonly packetsPerSecond: number;
  readonly clock: Clock;
}

/** What the engines of one campaign share. */
interface CampaignParts {
  readonly fields: ProbeFields;
  readonly matcher: ReplyMatcher;
  readonly limiter: TokenBucket;
}

/** Runs the probe engines on a packet port. */
export function createProbeNetwork(options: ProbeNetworkOptions): ProbeNetwork {
  const { clock, open } = options;
  const { port, source4, source6 } = open;
  const receiver = createReceiver({ port, yieldTurn: clock.yield });
  const own = createTokenBucket({ packetsPerSecond: options.packetsPerSecond, nowMs: clock.monotonicMs });
  const campaigns = new Map<string, CampaignParts>();

  const partsOf = (plan: WorkPlan): CampaignParts => {
    const known = campaigns.get(plan.campaign);
    if (known !== undefined) {
      known.limiter.setRate(plan.packetsPerSecond);
      return known;
    }
    const bucket = createTokenBucket({ packetsPerSecond: plan.packetsPerSecond, nowMs: clock.monotonicMs });
    const fields = createProbeFields(plan.secret);
    const parts = { fields, matcher: createReplyMatcher(fields), limiter: createSharedLimiter(own, bucket) };
    campaigns.set(plan.campaign, parts);
    return parts;
  };

  const engineOf = (job: ProbeJob, maySend: () => boolean): Engine => {
    const { plan } = job;
    const { fields, matcher, limiter } = partsOf(plan);
    const engine: EngineOptions = {
      port,
      receiver,
      pacer: createPacer({ limiter, clock, mayContinue: maySend }),
      clock,
      fields,
      matcher,
      profile: profileNamed(plan.options),
      source4,
      source6,
      source: job.source,
      sourceId: sourceOfPlan(plan.plan),
      from: job.from,
      to: job.to,
      variants: plan.variants,
      retries: plan.retries,
      replyWindowMs: plan.replyWindowMs,
      emit: job.emit,
      // The whole source was checked before the lease was taken.
      isBlocked: () => false,
    };
    switch (plan.stage) {
      case "synscan":
        return createSynScan(engine);
      case "tracebox":
        return createTracebox({ ...engine, maxTtl: plan.maxTtl });
    }
  };

  const startProbing = (job: ProbeJob): ProbeRun => {
    const abort = new AbortController();
    let stopped = false;
    const engine = engineOf(job, () => !stopped && job.maySend());
    return {
      get sent() {
        return engine.progress().sent;
      },
      get done() {
        return engine.progress().done;
      },
      stop() {
        if (!stopped) {
          stopped = true;
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
    startProbing,
    run: (signal) => receiver.run(signal),
    stats() {
      const { sent, kernelDrops, sendErrors } = port.stats();
      return { packetsSent: sent, replies: receiver.stats().replies, kernelDrops, sendErrors };
    },
    close: () => port.close(),
  };
}

function profileNamed(name: string): OptionProfile {
  if (name !== "linux") {
    throw new UserError(`this version knows no option profile ${JSON.stringify(name)}`, { remedy: "use linux" });
  }
  return name;
}
