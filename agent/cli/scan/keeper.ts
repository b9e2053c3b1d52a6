import { setTimeout as sleep } from "node:timers/promises";
import type { LineSink } from "../scan-output/sink.js";
import type { BegunScan } from "./begin.js";
import { type Checkpoint, type ScanTotals, writeCheckpoint } from "./checkpoint.js";
import { packTargets } from "./pack.js";

/** Writes down how far a scan is. */
export interface Keeper {
  /** Once, now. Rejects with UserError. */
  save(): Promise<void>;
  /** Once a second until `signal` is aborted. Rejects with UserError. */
  keep(signal: AbortSignal): Promise<void>;
}

export interface KeeperOptions {
  readonly file: string;
  readonly begun: BegunScan;
  /** Null: the output is no file. */
  readonly outputFile: string | null;
  readonly sink: LineSink;
  /** How far each task is, absolute indices. */
  readonly progress: () => readonly { readonly sent: number; readonly done: number }[];
  readonly totals: () => ScanTotals;
}

const SAVE_EVERY_MS = 1000;

/**
 * Each checkpoint says `done` of what was looked up before the output was flushed: every row of an index that it calls
 * over is in the file.
 */
export function createKeeper({ file, begun, outputFile, sink, progress, totals }: KeeperOptions): Keeper {
  const { plan, targets, parameters, askedAgain, startedAtMs } = begun;
  const unchanging = {
    format: "parallax-scan",
    version: 1,
    scan: { ...parameters },
    secret: Buffer.from(plan.keys.secret).toString("hex"),
    permutationKey: Buffer.from(plan.keys.permutationKey).toString("hex"),
    targets: packTargets(targets),
    startedAtMs,
  } as const;

  async function save(): Promise<void> {
    const seen = progress();
    const counted = totals();
    await sink.flush();
    const intervals: Checkpoint["intervals"] = begun.tasks.map(({ planned, from, to }, i) => {
      const { sent = from, done = from } = seen[i] ?? {};
      return { source: planned.id, from, to, sent, done };
    });
    const outputBytes = outputFile === null ? null : sink.writtenBytes;
    await writeCheckpoint(file, { ...unchanging, askedAgain, intervals, outputBytes, totals: counted });
  }

  return {
    save,
    async keep(signal) {
      for (let next = performance.now() + SAVE_EVERY_MS; !signal.aborted; next += SAVE_EVERY_MS) {
        // Aborted: the scan is over, and is saved a last time by whoever ended it.
        await sleep(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) await save();
      }
    },
  };
}
