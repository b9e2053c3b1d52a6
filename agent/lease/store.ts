import { batchId, encodeBatch } from "../../shared/batch/codec.js";
import { createBatchEncoder } from "../../shared/batch/native.js";
import type { Publisher } from "../publish/publisher.js";
import type { Spool } from "../spool/spool.js";
import { type BatchWriter, type CutBatch, createBatchWriter } from "./writer.js";

export interface RowStoreOptions {
  readonly agent: string;
  /** Random name of the process's life. */
  readonly instance: string;
  readonly spool: Pick<Spool, "append">;
  readonly publisher: Pick<Publisher, "wake">;
  readonly onCut: (batch: CutBatch) => void;
}

/** The batch writer over the agent's spool and publisher. */
export function createRowStore(options: RowStoreOptions): BatchWriter {
  let sequence = 0;
  return createBatchWriter({
    createEncoder: createBatchEncoder,
    nextBatchId: () => batchId(options.agent, options.instance, sequence++),
    onCut: options.onCut,
    async store({ block, ...meta }) {
      await options.spool.append(meta, encodeBatch({ ...meta, block }));
      options.publisher.wake();
    },
  });
}
