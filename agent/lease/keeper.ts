import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage, UserError } from "../../shared/errors.js";
import type { Publisher } from "../publish/publisher.js";
import type { Spool } from "../spool/spool.js";
import type { LeaseBook } from "./book.js";
import type { Trouble } from "./trouble.js";

export interface KeeperOptions {
  readonly book: Pick<LeaseBook, "checkpoint" | "running">;
  /** Brings new lines of the ledger into the spool. */
  readonly sendLines: () => Promise<void>;
  /** Least time between two messages with lines while there is work. */
  readonly linesMs: number;
  readonly publisher: Pick<Publisher, "stats">;
  readonly spool: Pick<Spool, "damaged">;
  readonly trouble: Trouble;
  readonly checkpointMs: number;
  /** After each checkpoint: the marks have moved. */
  readonly onCheckpoint: () => void;
}

/**
 * Brings rows into the spool and moves the marks every `checkpointMs` until `signal` is aborted, and notes whether spool
 * and broker do their work. Rejects with UserError when the spool lost a batch that was in it.
 */
export async function keepBook(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const { book, publisher, spool, trouble } = options;
  const damaged = spool.damaged.length;
  const restsBetween = Math.ceil(options.linesMs / options.checkpointMs);
  let rests = 0;
  let failed = publisher.stats().failed;
  for (;;) {
    await sleep(options.checkpointMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      return;
    }
    rests = book.running === 0 || rests >= restsBetween ? 0 : rests + 1;
    await checkpoint(book, trouble, rests === 0 ? options.sendLines : undefined);
    options.onCheckpoint();
    const broker = publisher.stats();
    if (broker.connected && broker.failed === failed) {
      trouble.end("broker");
    }
    failed = broker.failed;
    if (spool.damaged.length > damaged) {
      throw new UserError("the spool lost a batch that was in it", {
        remedy: "look after this machine's disk and start the agent again; what was lost is asked again",
      });
    }
  }
}

/** A spool that takes no batch now is trouble, not an error: the batch is kept and nothing is sent meanwhile. */
export async function checkpoint(
  book: Pick<LeaseBook, "checkpoint">,
  trouble: Trouble,
  sendLines: () => Promise<void> = async () => undefined,
): Promise<void> {
  try {
    await book.checkpoint();
    await sendLines();
    trouble.end("spool");
  } catch (error) {
    trouble.begin("spool", errorMessage(error));
  }
}
