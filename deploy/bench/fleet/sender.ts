import type { ProbeJob, ProbeRun, StartProbing } from "../../../agent/lease/engine.js";
import type { WorkPlan } from "../../../shared/lease/work.js";

/** The probes of one agent, as numbers: marks move at its rate, under its fence, and nothing is sent. */
export interface Bookkeeping {
  readonly startProbing: StartProbing;
  /** Goes on to this time. `moved` is told of every lease whose `sent` has changed. */
  step(nowMs: number, moved: (epoch: number, from: number, sent: number) => void): void;
  readonly packets: number;
}

interface Run {
  readonly job: ProbeJob;
  readonly epoch: number;
  sent: number;
  done: number;
  stopped: boolean;
  /** What was sent when, youngest last; as far back as a reply window. */
  readonly history: { readonly atMs: number; readonly sent: number }[];
  end(): void;
}

/** `epochOf` says which lease a job is. */
export function createBookkeeping(epochOf: (job: ProbeJob) => number): Bookkeeping {
  const runs = new Set<Run>();
  let lastMs: number | null = null;
  let packets = 0;

  const startProbing = (job: ProbeJob): ProbeRun => {
    let end = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      end = resolve;
    });
    const run: Run = {
      job,
      epoch: epochOf(job),
      sent: job.from,
      done: job.from,
      stopped: false,
      history: [],
      end,
    };
    runs.add(run);
    return {
      get sent() {
        return run.sent;
      },
      get done() {
        return run.done;
      },
      // Its steps ask.
      gateMoved: () => undefined,
      stop() {
        run.stopped = true;
      },
      finished,
    };
  };

  return {
    startProbing,
    get packets() {
      return packets;
    },
    step(nowMs, moved) {
      const seconds = (nowMs - (lastMs ?? nowMs)) / 1_000;
      lastMs = nowMs;
      const sending = [...runs].filter(
        (run) => !run.stopped && run.sent < run.job.to && run.job.allowedUntil() > nowMs,
      );
      for (const run of sending) {
        const { plan, from, to } = run.job;
        const each = packetsPerTarget(plan);
        const share = Math.round((plan.packetsPerSecond * seconds) / each / sending.length);
        const sent = Math.min(to, run.sent + share);
        if (sent > run.sent) {
          packets += (sent - run.sent) * each;
          run.sent = sent;
          run.history.push({ atMs: nowMs, sent });
          moved(run.epoch, from, sent);
        }
      }
      for (const run of runs) {
        const overMs = nowMs - windowMs(run.job.plan);
        for (let next = run.history[0]; next !== undefined && next.atMs <= overMs; next = run.history[0]) {
          run.done = next.sent;
          run.history.shift();
        }
        if (run.history.length === 0 && (run.stopped || run.done === run.job.to)) {
          runs.delete(run);
          run.end();
        }
      }
    },
  };
}

function packetsPerTarget(plan: WorkPlan): number {
  return plan.variants.length * (1 + plan.retries);
}

function windowMs(plan: WorkPlan): number {
  return plan.replyWindowMs * (1 + plan.retries);
}
