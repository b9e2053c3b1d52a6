import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { errorMessage, UserError } from "../../shared/errors.js";
import { createProbeKernel } from "../../shared/probe/kernel.js";
import { createSystemClock } from "../wire/clock.js";
import { openSendPort, SEND_FRAME_BYTES } from "../wire/open-port.js";
import { createSenderLoop, MOST_JOBS } from "./loop.js";
import type { EndMessage, ThreadMessage, ThreadSetup } from "./thread-host.js";

/** Between two looks at what else there is to do: it takes as long as several packets. */
const TURNS = 16;

/**
 * The whole life of a sending thread. It never returns to its event loop: it sends while there is something to send and
 * sleeps on a word of shared memory otherwise, so that nothing comes between two batches.
 */
function main(setup: ThreadSetup): void {
  const kernel = createProbeKernel({ jobs: MOST_JOBS, frameBytes: SEND_FRAME_BYTES });
  const port = openSendPort(setup.plan, { queue: setup.queue, memory: kernel.frames });
  const wake = new Int32Array(setup.wake);
  const counters = new BigInt64Array(setup.counters);
  const loop = createSenderLoop({
    port,
    kernel,
    source4: setup.plan.ipv4?.source ?? null,
    source6: setup.plan.ipv6?.source ?? null,
    clock: createSystemClock(),
    loops: setup.plan.sendingThreads,
  });
  /** The wake word when the messages were read last: it changes behind each of them. */
  let read = -1;
  try {
    while (Atomics.load(wake, 1) === 0) {
      const seen = Atomics.load(wake, 0);
      if (seen !== read) takeJobs();
      read = seen;
      let ms = 0;
      for (let i = 0; i < TURNS && ms === 0 && Atomics.load(wake, 0) === seen; i++) ms = loop.turn();
      const { sent, sendErrors } = port.sendStats();
      Atomics.store(counters, 0, BigInt(sent));
      Atomics.store(counters, 1, BigInt(sendErrors));
      if (ms === 0) continue;
      Atomics.store(counters, 2, BigInt(loop.waits.rate));
      Atomics.wait(wake, 0, seen, loop.active === 0 ? undefined : ms);
    }
  } finally {
    port.close();
  }

  function takeJobs(): void {
    if (parentPort === null) throw new Error("not in a thread");
    for (;;) {
      const received: { message: ThreadMessage } | undefined = receiveMessageOnPort(parentPort);
      if (received === undefined) return;
      const { message } = received;
      if (message.kind === "leave-out") {
        loop.leaveOut(message.prefixes);
        post({ id: message.id, error: null });
        continue;
      }
      const { id, job } = message;
      try {
        loop.add(job, (error) => post({ id, error: error === null ? null : plain(error) }));
      } catch (error) {
        post({ id, error: plain(error) });
      }
    }
  }
}

function post(message: EndMessage): void {
  parentPort?.postMessage(message);
}

function plain(error: unknown): NonNullable<EndMessage["error"]> {
  return error instanceof UserError
    ? { message: error.message, remedy: error.remedy, exitCode: error.exitCode }
    : { message: `sending failed: ${errorMessage(error)}`, remedy: "report this with what came before", exitCode: 1 };
}

try {
  main(workerData as ThreadSetup);
} catch (error) {
  post({ id: null, error: plain(error) });
}
