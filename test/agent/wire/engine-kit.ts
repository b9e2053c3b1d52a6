import { createSystemClock } from "../../../agent/wire/clock.js";
import type { Engine, EngineOptions } from "../../../agent/wire/engine.js";
import { createPacer } from "../../../agent/wire/pacer.js";
import { createReceiver, type Receiver } from "../../../agent/wire/receiver.js";
import { createTokenBucket } from "../../../agent/wire/token-bucket.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { FactRow } from "../../../shared/batch/rows.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher } from "../../../shared/probe/match.js";
import { createListSource } from "../../../shared/target/list.js";
import { createMemoryPort, type MemoryPort, type Network } from "./memory-port.js";

export interface Kit {
  readonly port: MemoryPort;
  readonly rows: FactRow[];
  readonly receiver: Receiver;
  readonly options: EngineOptions;
  /** Runs the engine with the receive loop to its end; aborting `stop` ends it early. */
  run(engine: Engine, stop?: AbortSignal): Promise<void>;
  runAll(engines: readonly Engine[], stop?: AbortSignal): Promise<void>;
}

export interface KitOptions {
  readonly targets: readonly string[];
  readonly packetsPerSecond?: number;
  readonly slots?: number;
  readonly mayContinue?: () => boolean;
}

/** An engine's surroundings on a network that is a function: all targets on port 80, variants v0, v1 and plain. */
export function createKit(network: Network, kit: KitOptions): Kit {
  const { packetsPerSecond = 100_000, slots = 16, mayContinue = () => true } = kit;
  const port = createMemoryPort(network, { slots });
  const clock = createSystemClock();
  const receiver = createReceiver({ port, yieldTurn: clock.yield });
  const limiter = createTokenBucket({ packetsPerSecond, nowMs: clock.monotonicMs });
  const fields = createProbeFields(Uint8Array.from({ length: 16 }, (_, i) => i));
  const targets = kit.targets.map((text) => ({ address: parseAddress(text), port: 80 }));
  const rows: FactRow[] = [];
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
      pacer: createPacer({ limiter, clock, mayContinue }),
      fields,
      matcher: createReplyMatcher(fields),
      profile: "linux",
      source4: parseAddress("192.0.2.1"),
      source6: parseAddress("2001:db8::1"),
      source: createListSource(targets),
      sourceId: "test",
      from: 0,
      to: targets.length,
      variants: ["v0", "v1", "plain"],
      retries: 1,
      replyWindowMs: 60,
      emit: (row) => rows.push(row),
      isBlocked: () => false,
    },
    run: (engine, stop) => runAll([engine], stop),
    runAll,
  };
}
