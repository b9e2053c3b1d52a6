import { UserError } from "../../shared/errors.js";
import { createSystemClock } from "../wire/clock.js";
import type { Engine, EngineOptions, EngineProgress } from "../wire/engine.js";
import { openPacketPort } from "../wire/open-port.js";
import { createPacer } from "../wire/pacer.js";
import { createReceiver } from "../wire/receiver.js";
import { createTokenBucket } from "../wire/token-bucket.js";

/** The parts of an engine that depend on where it runs. */
type EngineParts = Pick<EngineOptions, "port" | "receiver" | "pacer" | "clock" | "source4" | "source6">;

/** One engine to run: all its targets have one family. */
export interface Job {
  readonly family: 4 | 6;
  /** One of the targets: the route to it is the route to all. */
  readonly towards: Uint8Array;
  readonly addresses: number;
  create(parts: EngineParts): Engine;
}

export interface RunOptions {
  readonly interface?: string;
  readonly packetsPerSecond: number;
  readonly signal: AbortSignal;
  readonly tickMs: number;
  /** Called every `tickMs` and once at the end, with the progress of each job. */
  readonly onTick: (progress: readonly EngineProgress[]) => void;
}

/** Runs the jobs at the same time under one rate, each on a packet port of its own, and closes the ports. */
export async function runEngines(jobs: readonly Job[], options: RunOptions): Promise<void> {
  const clock = createSystemClock();
  const limiter = createTokenBucket({ packetsPerSecond: options.packetsPerSecond, nowMs: clock.monotonicMs });
  const pacer = createPacer({ limiter, clock, mayContinue: () => true });
  const over = new AbortController();
  const opened: { close(): void }[] = [];
  const receiving: Promise<void>[] = [];
  const engines: Engine[] = [];
  const tick = (): void => options.onTick(engines.map((engine) => engine.progress()));
  const timer = setInterval(tick, options.tickMs);
  try {
    for (const job of jobs) {
      const { port, source4, source6 } = await openPacketPort({
        ...(options.interface === undefined ? {} : { interface: options.interface }),
        ...(job.family === 4 ? { towards4: job.towards } : { towards6: job.towards }),
        manyTargets: job.addresses > 1,
        without: new Set<4 | 6>([job.family === 4 ? 6 : 4]),
      });
      opened.push(port);
      const receiver = createReceiver({ port, yieldTurn: clock.yield });
      receiving.push(receiver.run(over.signal));
      engines.push(job.create({ port, receiver, pacer, clock, source4, source6 }));
    }
    const running = Promise.all(engines.map((engine) => engine.run(options.signal)));
    // A receive loop ends before the engines only by failing.
    await Promise.race([running, Promise.all(receiving).then(() => Promise.reject(receiveLoopEnded()))]);
    tick();
  } finally {
    clearInterval(timer);
    over.abort();
    await Promise.allSettled(receiving);
    for (const port of opened) port.close();
  }
}

function receiveLoopEnded(): UserError {
  return new UserError("the receive loop ended early", { remedy: "check that the interface is still up" });
}
