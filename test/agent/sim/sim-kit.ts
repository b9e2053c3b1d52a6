import { createPacer } from "../../../agent/rate/pacer.js";
import { createRateCap, RATE_CAP_BYTES } from "../../../agent/rate/rate-cap.js";
import { createLocalHost } from "../../../agent/sender/local-host.js";
import { createSimPort, type SimPortOptions } from "../../../agent/sim/port.js";
import type { SimWorld } from "../../../agent/sim/world.js";
import { createSynScan, type SynScanOptions } from "../../../agent/synscan/engine.js";
import { createTracebox, type TraceboxOptions } from "../../../agent/tracebox/engine.js";
import { createVerify, type VerifyOptions } from "../../../agent/verify/engine.js";
import type { Engine } from "../../../agent/wire/engine.js";
import { createReceiver } from "../../../agent/wire/receiver.js";
import type { EvidenceRow, HandshakeRow, SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher } from "../../../shared/probe/match.js";
import { openTargetSource, type TargetSourceSpec } from "../../../shared/target/spec.js";
import { createVirtualClock } from "./virtual-clock.js";

export interface SimKitOptions extends Partial<Pick<SimPortOptions, "loss" | "seed" | "slots">> {
  readonly world: SimWorld;
  readonly vantage: string;
  readonly targets: TargetSourceSpec;
  readonly packetsPerSecond?: number;
  readonly synscan?: Partial<SynScanOptions>;
  readonly verify?: Partial<VerifyOptions>;
  readonly tracebox?: Partial<TraceboxOptions>;
}

export interface SimKit {
  /** Runs a SYN scan of all targets to its end. */
  scan(): Promise<SynReplyRow[]>;
  trace(): Promise<TraceHopRow[]>;
  verify(): Promise<HandshakeRow[]>;
  /** Simulated time that has passed. */
  readonly elapsedMs: number;
  readonly sent: number;
}

/** The real engines on a port into a simulated world, in simulated time. */
export function createSimKit(kit: SimKitOptions): SimKit {
  const clock = createVirtualClock();
  const { world, vantage, targets, packetsPerSecond = 20_000 } = kit;
  const { ipv4: source4, ipv6: source6 } = world.attach(vantage);
  const { loss = 0, seed = 0, slots = 64 } = kit;
  const port = createSimPort({ world, vantage, clock, loss, seed, slots });
  const receiver = createReceiver({ port, clock });
  const cap = new SharedArrayBuffer(RATE_CAP_BYTES);
  const limiter = createRateCap({ packetsPerSecond, nowMs: clock.monotonicMs, memory: cap });
  const allowedUntil = (): number => Number.MAX_SAFE_INTEGER;
  const secret = Uint8Array.from({ length: 16 }, (_, i) => i);
  const fields = createProbeFields(secret);
  const source = openTargetSource(targets);
  const rows: EvidenceRow[] = [];
  const common = {
    receiver,
    clock,
    secret,
    fields,
    matcher: createReplyMatcher(fields),
    profile: "linux",
    source,
    sourceId: "sim",
    from: 0,
    to: source.size,
    retries: 1,
    replyWindowMs: 1_000,
    emit: (row: EvidenceRow) => rows.push(row),
  } as const;
  const run = async (engine: Engine): Promise<void> => {
    const over = new AbortController();
    const receiving = receiver.run(over.signal);
    await engine.run(new AbortController().signal);
    over.abort();
    await receiving;
  };
  return {
    async scan() {
      const host = createLocalHost({ port, source4, source6, clock });
      const engine = createSynScan({
        ...common,
        variants: ["v0", "v1", "plain", "unknown-option"],
        host,
        sourceSpec: targets,
        caps: [cap],
        skip: [],
        perPrefix: null,
        allowedUntil,
        ...kit.synscan,
      });
      await run(engine);
      await host.close();
      return rows.filter((row) => row.table === "syn_replies");
    },
    async trace() {
      const host = createLocalHost({ port, source4, source6, clock });
      const engine = createTracebox({
        ...common,
        variants: ["v0", "v1", "plain"],
        host,
        sourceSpec: targets,
        caps: [cap],
        skip: [],
        perPrefix: null,
        allowedUntil,
        source4,
        source6,
        maxTtl: 16,
        routerPacketsPerSecond: null,
        ...kit.tracebox,
      });
      await run(engine);
      await host.close();
      return rows.filter((row) => row.table === "trace_hops");
    },
    async verify() {
      const pacer = createPacer({ limiter, clock, allowedUntil });
      const engine = createVerify({
        ...common,
        variants: ["v0", "v1"],
        port,
        pacer,
        resetPacer: pacer,
        source4,
        source6,
        isSkipped: () => false,
        busyHosts: new Set(),
        prepare: async () => undefined,
        ...kit.verify,
      });
      await run(engine);
      return rows.filter((row) => row.table === "handshakes");
    },
    get elapsedMs() {
      return clock.monotonicMs();
    },
    get sent() {
      return port.sendStats().sent;
    },
  };
}
