import { createPacer } from "../../../agent/rate/pacer.js";
import { createRateCap, RATE_CAP_BYTES } from "../../../agent/rate/rate-cap.js";
import { createLocalHost } from "../../../agent/sender/local-host.js";
import type { SynScanOptions } from "../../../agent/synscan/engine.js";
import type { TraceboxOptions } from "../../../agent/tracebox/engine.js";
import type { VerifyOptions } from "../../../agent/verify/engine.js";
import { createSystemClock } from "../../../agent/wire/clock.js";
import type { Engine } from "../../../agent/wire/engine.js";
import { createReceiver, type Receiver } from "../../../agent/wire/receiver.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { EvidenceRow } from "../../../shared/batch/rows.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher } from "../../../shared/probe/match.js";
import { openTargetSource, type TargetSourceSpec } from "../../../shared/target/spec.js";
import { createMemoryPort, type MemoryPort, type Network } from "./memory-port.js";

export interface Kit {
  readonly port: MemoryPort;
  readonly rows: EvidenceRow[];
  readonly receiver: Receiver;
  /** For every engine. */
  readonly options: SynScanOptions &
    Omit<TraceboxOptions, "maxTtl"> &
    Pick<VerifyOptions, "port" | "pacer" | "isSkipped">;
  /** Runs the engine with the receive loop to its end; aborting `stop` ends it early. */
  run(engine: Engine, stop?: AbortSignal): Promise<void>;
  runAll(engines: readonly Engine[], stop?: AbortSignal): Promise<void>;
}

export interface KitOptions {
  readonly targets: readonly string[];
  readonly packetsPerSecond?: number;
  readonly slots?: number;
  readonly mayContinue?: () => boolean;
  readonly source6?: Uint8Array | null;
}

/** An engine's surroundings on a network that is a function: all targets on port 80, variants v0, v1 and plain. */
export function createKit(network: Network, kit: KitOptions): Kit {
  const { packetsPerSecond = 100_000, slots = 16, mayContinue = () => true } = kit;
  const { source6 = parseAddress("2001:db8::1") } = kit;
  const source4 = parseAddress("192.0.2.1");
  const port = createMemoryPort(network, { slots });
  const clock = createSystemClock();
  const receiver = createReceiver({ port, clock });
  const cap = new SharedArrayBuffer(RATE_CAP_BYTES);
  const limiter = createRateCap({ packetsPerSecond, nowMs: clock.monotonicMs, memory: cap });
  const allowedUntil = (): number => (mayContinue() ? Number.POSITIVE_INFINITY : 0);
  const secret = Uint8Array.from({ length: 16 }, (_, i) => i);
  const fields = createProbeFields(secret);
  const targets = kit.targets.map((text) => ({ address: parseAddress(text), port: 80 }));
  const sourceSpec: TargetSourceSpec = { kind: "list", targets, from: 0, size: targets.length };
  const rows: EvidenceRow[] = [];
  const runAll = async (engines: readonly Engine[], stop = new AbortController().signal): Promise<void> => {
    const over = new AbortController();
    const receiving = receiver.run(over.signal);
    try {
      await Promise.all(engines.map((engine) => engine.run(stop)));
    } finally {
      over.abort();
      await receiving;
    }
  };
  return {
    port,
    rows,
    receiver,
    options: {
      port,
      receiver,
      clock,
      pacer: createPacer({ limiter, clock, allowedUntil }),
      fields,
      matcher: createReplyMatcher(fields),
      profile: "linux",
      host: createLocalHost({ port, source4, source6, clock }),
      secret,
      caps: [cap],
      skip: [],
      perPrefix: null,
      allowedUntil,
      source4,
      source6,
      source: openTargetSource(sourceSpec),
      sourceSpec,
      sourceId: "test",
      from: 0,
      to: targets.length,
      variants: ["v0", "v1", "plain"],
      retries: 1,
      replyWindowMs: 60,
      routerPacketsPerSecond: null,
      emit: (row) => rows.push(row),
      isSkipped: () => false,
    },
    run: (engine, stop) => runAll([engine], stop),
    runAll,
  };
}
