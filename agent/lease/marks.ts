/**
 * The marks `done` and `committed` of one lease. Rows leave the engine into batches; a snapshot ties the engine's own
 * mark to the batches cut so far. `done` follows when those are fsynced, `committed` when all of them are committed.
 */
export interface MarkTracker {
  /** Everything below has its rows fsynced in the spool. */
  readonly done: number;
  /** Everything below has its rows in the warehouse. */
  readonly committed: number;
  /** Whether a batch with rows of this lease is not committed yet. */
  readonly waiting: boolean;
  /** A batch that has rows of this lease was cut. */
  batchCut(batch: string): void;
  /** Every index below `upTo` is over, and its rows are in the batches cut so far. */
  snapshot(upTo: number): void;
  /** Every batch of the snapshots so far is fsynced. */
  stored(): void;
  batchCommitted(batch: string): void;
}

interface Step {
  readonly upTo: number;
  readonly uncommitted: Set<string>;
  stored: boolean;
}

export function createMarkTracker(from: number): MarkTracker {
  let done = from;
  let committed = from;
  let last = from;
  let open = new Set<string>();
  const steps: Step[] = [];

  const advance = (): void => {
    for (let step = steps[0]; step?.stored && step.uncommitted.size === 0; step = steps[0]) {
      committed = step.upTo;
      steps.shift();
    }
  };

  return {
    get done() {
      return done;
    },
    get committed() {
      return committed;
    },
    get waiting() {
      return open.size > 0 || steps.some((step) => step.uncommitted.size > 0);
    },
    batchCut(batch) {
      open.add(batch);
    },
    snapshot(upTo) {
      if (upTo > last) {
        last = upTo;
        steps.push({ upTo, uncommitted: open, stored: false });
        open = new Set();
      }
    },
    stored() {
      for (const step of steps) {
        step.stored = true;
        done = step.upTo;
      }
      advance();
    },
    batchCommitted(batch) {
      open.delete(batch);
      for (const step of steps) {
        step.uncommitted.delete(batch);
      }
      advance();
    },
  };
}
