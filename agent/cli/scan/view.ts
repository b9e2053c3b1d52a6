import type { OpenEngines } from "../run-engines.js";
import type { BegunScan } from "./begin.js";
import type { ScanTotals } from "./checkpoint.js";
import { openTasks } from "./jobs.js";
import type { ScanCounts } from "./status.js";
import type { ScanTally } from "./tally.js";

/** What a scan has done so far, over all its runs. */
export interface ScanView {
  /** How far each task is, absolute indices. */
  tasks(): readonly TaskProgress[];
  totals(): ScanTotals;
  counts(): ScanCounts;
}

interface TaskProgress {
  readonly sent: number;
  readonly done: number;
}

export function createView(
  { tasks, totals: before }: Pick<BegunScan, "tasks" | "totals">,
  engines: Pick<OpenEngines, "progress" | "stats">,
  tally: Pick<ScanTally, "counts">,
): ScanView {
  const open = openTasks(tasks);

  function progressOfTasks(): readonly TaskProgress[] {
    const running = engines.progress();
    return tasks.map((task) => running[open.indexOf(task)] ?? { sent: task.to, done: task.to });
  }

  function totals(): ScanTotals {
    const progress = engines.progress();
    const sum = (of: (one: (typeof progress)[number]) => number): number =>
      progress.reduce((all, one) => all + of(one), 0);
    const stats = engines.stats();
    return {
      ...tally.counts(),
      packets: before.packets + sum((one) => one.packets),
      duplicates: before.duplicates + sum((one) => one.duplicates),
      late: before.late + sum((one) => one.late),
      skipped: before.skipped + sum((one) => one.skipped),
      received: before.received + stats.received,
      kernelDrops:
        before.kernelDrops === null || stats.kernelDrops === null ? null : before.kernelDrops + stats.kernelDrops,
      sendErrors: before.sendErrors + stats.sendErrors,
      valid: before.valid + stats.valid,
      foreign: before.foreign + stats.foreign,
    };
  }

  return {
    tasks: progressOfTasks,
    totals,
    counts() {
      const seen = progressOfTasks();
      const behindStart = (of: (one: TaskProgress) => number): number =>
        tasks.reduce((sum, { from }, i) => sum + of(seen[i] ?? { sent: from, done: from }) - from, 0);
      const { packets, replies, successes, received, kernelDrops, sendErrors } = totals();
      return {
        ...{ packets, replies, successes, received, kernelDrops, sendErrors },
        targetsSent: behindStart(({ sent }) => sent),
        targetsDone: behindStart(({ done }) => done),
      };
    },
  };
}
