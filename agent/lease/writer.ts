import type { FactRow } from "../../shared/batch/rows.js";
import type { FactTable } from "../../shared/batch/tables.js";

/** A lease as batches remember it. */
export interface LeaseRef {
  readonly lease: string;
  readonly epoch: number;
}

/** An immutable batch, ready for the spool. `block` holds the rows, `leases` whose they are. */
export interface CutBatch {
  readonly batch: string;
  readonly campaign: string;
  readonly table: FactTable;
  readonly rows: number;
  readonly block: Uint8Array;
  readonly leases: readonly LeaseRef[];
}

/** The rows of one batch in the making, in the form the warehouse takes; see shared/batch/native.ts. */
interface RowEncoder {
  append(row: FactRow): void;
  readonly rows: number;
  readonly full: boolean;
  finish(): Uint8Array;
}

export interface BatchWriterOptions {
  readonly createEncoder: (table: FactTable) => RowEncoder;
  readonly nextBatchId: () => string;
  /** Puts a batch into the spool; resolves when it is fsynced. A rejection means: not now, the batch is kept. */
  readonly store: (batch: CutBatch) => Promise<void>;
  /** Called with each batch the moment it is cut, before it is stored. */
  readonly onCut: (batch: CutBatch) => void;
}

/** Puts rows into batches by campaign and table, and the batches into the spool, in order, one at a time. */
export interface BatchWriter {
  append(campaign: string, lease: LeaseRef, row: FactRow): void;
  /** Cuts what there is. */
  cut(): void;
  /** Stores every batch cut so far; rejects with the spool's error when it does not take one now. Nothing is lost. */
  drain(): Promise<void>;
  /** Batches that were cut and are not in the spool yet. */
  readonly waiting: number;
}

interface OpenBatch {
  readonly campaign: string;
  readonly table: FactTable;
  readonly encoder: RowEncoder;
  readonly leases: Map<string, LeaseRef>;
}

export function createBatchWriter(options: BatchWriterOptions): BatchWriter {
  const open = new Map<string, OpenBatch>();
  const queue: CutBatch[] = [];
  let draining: Promise<void> | null = null;

  const cutOne = (from: OpenBatch): void => {
    const batch: CutBatch = {
      batch: options.nextBatchId(),
      campaign: from.campaign,
      table: from.table,
      rows: from.encoder.rows,
      block: from.encoder.finish(),
      leases: [...from.leases.values()],
    };
    from.leases.clear();
    queue.push(batch);
    options.onCut(batch);
  };

  const drainQueue = async (): Promise<void> => {
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      await options.store(next);
      queue.shift();
    }
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      draining ??= drainQueue().finally(() => {
        draining = null;
      });
      await draining;
    }
  };

  return {
    append(campaign, lease, row) {
      const key = `${row.table} ${campaign}`;
      let into = open.get(key);
      if (into === undefined) {
        into = { campaign, table: row.table, encoder: options.createEncoder(row.table), leases: new Map() };
        open.set(key, into);
      }
      into.encoder.append(row);
      into.leases.set(`${lease.epoch} ${lease.lease}`, lease);
      if (into.encoder.full) {
        cutOne(into);
        // A spool that does not take it now is asked again at the next checkpoint, which reports the error.
        drain().catch(() => undefined);
      }
    },
    cut() {
      for (const [key, from] of open) {
        if (from.encoder.rows > 0) {
          cutOne(from);
        } else {
          // Nothing came since the last cut: its buffers are not kept.
          open.delete(key);
        }
      }
    },
    drain,
    get waiting() {
      return queue.length;
    },
  };
}
