import { Worker } from "node:worker_threads";
import type { Prefix } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import type { PortPlan } from "../wire/plan-port.js";
import type { SenderHost, SendJob } from "./job.js";

/** What the thread is started with. */
export interface ThreadSetup {
  readonly plan: PortPlan;
  /** Hardware queue that the thread sends through. */
  readonly queue: number;
  /** Two words: one that changes when there is something to do, and one that says that the thread is to end. */
  readonly wake: SharedArrayBuffer;
  /** Packets sent, batches that the kernel refused, and waits for the rate. */
  readonly counters: SharedArrayBuffer;
}

/** Work for the thread, in the order in which it was posted. */
export type ThreadMessage =
  | { readonly kind: "start"; readonly id: number; readonly job: SendJob }
  | { readonly kind: "leave-out"; readonly id: number; readonly prefixes: readonly Prefix[] };

/** `error` null: the job is over. `id` null: the thread itself cannot go on. */
export interface EndMessage {
  readonly id: number | null;
  readonly error: { readonly message: string; readonly remedy: string; readonly exitCode: 1 | 2 } | null;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly wake: Int32Array;
  readonly counters: BigInt64Array;
  /** What was posted and is not over, by number. */
  readonly jobs: Map<number, Waiter>;
  /** Why it takes no more jobs. */
  failed: UserError | null;
}

/** Sends in threads of its own, each with a port that it opens from `plan`; a job goes to the least busy one. */
export function createThreadHost(plan: PortPlan): SenderHost {
  const threads = Array.from({ length: plan.sendingThreads }, (_, queue) => startThread(plan, queue));
  let lastId = 0;

  return {
    send: (job) =>
      new Promise((resolve, reject) => {
        const [thread] = [...threads].sort((a, b) => a.jobs.size - b.jobs.size);
        if (thread === undefined) throw new RangeError("a host has at least one thread");
        if (thread.failed !== null) {
          reject(thread.failed);
          return;
        }
        post(thread, { kind: "start", id: ++lastId, job }, { resolve, reject });
      }),
    async leaveOut(prefixes) {
      const told = threads
        .filter(({ failed }) => failed === null)
        .map(
          (thread) =>
            new Promise<void>((resolve) => {
              // A thread that fails meanwhile sends nothing any more.
              post(thread, { kind: "leave-out", id: ++lastId, prefixes }, { resolve, reject: () => resolve() });
            }),
        );
      await Promise.all(told);
    },
    stats() {
      const sum = (word: number): number =>
        threads.reduce((all, { counters }) => all + Number(Atomics.load(counters, word)), 0);
      return { sent: sum(0), sendErrors: sum(1), rateWaits: sum(2) };
    },
    async close() {
      await Promise.all(
        threads.map(async (thread) => {
          Atomics.store(thread.wake, 1, 1);
          rouse(thread);
          if (thread.failed === null) await new Promise((resolve) => thread.worker.once("exit", resolve));
        }),
      );
    },
  };
}

function startThread(plan: PortPlan, queue: number): Thread {
  const wake = new SharedArrayBuffer(8);
  const counters = new SharedArrayBuffer(24);
  const worker = new Worker(new URL("./thread.js", import.meta.url), {
    workerData: { plan, queue, wake, counters } satisfies ThreadSetup,
    // What the loop makes dies at once.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  const thread: Thread = {
    worker,
    wake: new Int32Array(wake),
    counters: new BigInt64Array(counters),
    jobs: new Map(),
    failed: null,
  };
  const fail = (error: UserError): void => {
    thread.failed ??= error;
    for (const { reject } of thread.jobs.values()) reject(thread.failed);
    thread.jobs.clear();
  };
  worker.on("message", ({ id, error }: EndMessage) => {
    const cause = error === null ? null : new UserError(error.message, error);
    if (id === null) {
      fail(cause ?? endedEarly());
      return;
    }
    const job = thread.jobs.get(id);
    thread.jobs.delete(id);
    if (cause === null) job?.resolve();
    else job?.reject(cause);
  });
  worker.on("error", (cause) => fail(endedEarly(cause)));
  worker.on("exit", () => fail(endedEarly()));
  return thread;
}

function post(thread: Thread, message: ThreadMessage, onEnd: Waiter): void {
  thread.jobs.set(message.id, onEnd);
  thread.worker.postMessage(message);
  rouse(thread);
}

function rouse({ wake }: Thread): void {
  Atomics.add(wake, 0, 1);
  Atomics.notify(wake, 0);
}

function endedEarly(cause?: unknown): UserError {
  return new UserError("a sending thread ended early", { remedy: "start again and report what came before", cause });
}
