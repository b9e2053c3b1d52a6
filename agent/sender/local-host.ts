import { createProbeKernel } from "../../shared/probe/kernel.js";
import type { Clock } from "../wire/clock.js";
import type { SendPort } from "../wire/port.js";
import type { SenderHost } from "./job.js";
import { createSenderLoop, MOST_JOBS } from "./loop.js";

export interface LocalHostOptions {
  /** Stays open when the host is closed. */
  readonly port: SendPort;
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  readonly clock: Clock;
}

/** Sends in this thread, between its other work: for drivers that cannot send in a worker, and for simulated time. */
export function createLocalHost(options: LocalHostOptions): SenderHost {
  const { clock } = options;
  const loop = createSenderLoop({ ...options, kernel: createProbeKernel({ jobs: MOST_JOBS }), loops: 1 });
  let running: Promise<void> | null = null;
  let closed = false;

  async function run(): Promise<void> {
    while (loop.active > 0 && !closed) {
      const ms = loop.turn();
      // One turn of the event loop per batch, so that a sender at full rate does not starve the receiver.
      await (ms === 0 ? clock.yield() : clock.sleep(ms));
    }
    running = null;
  }

  return {
    send: (job) =>
      new Promise((resolve, reject) => {
        loop.add(job, (error) => (error === null ? resolve() : reject(error)));
        running ??= run();
      }),
    leaveOut: async (prefixes) => loop.leaveOut(prefixes),
    // The port counts what is sent through it.
    stats: () => ({ sent: 0, sendErrors: 0, rateWaits: loop.waits.rate }),
    async close() {
      closed = true;
      await running;
    },
  };
}
