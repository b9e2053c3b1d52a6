import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { errorMessage, UserError } from "../../shared/errors.js";
import { ensureStreams } from "../broker/streams.js";
import type { IngestProcessMetrics } from "../metrics/ingest-process.js";
import { timedInserts } from "../metrics/inserts.js";
import { createStore, type StoreOptions } from "../store/store.js";
import { startIngest } from "./ingest.js";

export interface IngestProcessOptions {
  /** For instance "nats://192.0.2.1:4222"; for messages. */
  readonly nats: string;
  /** Makes a connection that reconnects by itself for ever. */
  readonly connect: () => Promise<NatsConnection>;
  readonly clickhouse: StoreOptions;
  readonly concurrency: number;
  readonly log: Logger;
  /** Where its numbers are read; nowhere where it is left out. */
  readonly metrics?: Pick<IngestProcessMetrics, "attach" | "insertSeconds">;
}

/**
 * Ingest alone, until `ended` settles. All such processes share one consumer: the broker gives each batch to one of them,
 * and to another when that one dies; the look-up of redelivered batches makes the rest safe. The tables are made by the
 * coordinator.
 * @throws UserError when broker or tables cannot be reached
 */
export async function runIngest(options: IngestProcessOptions, ended: Promise<void>): Promise<void> {
  const { nats, clickhouse, log, metrics } = options;
  const store = createStore(clickhouse);
  try {
    await needTables(() => store.command("SELECT 1 FROM ledger LIMIT 0"), clickhouse.url);
    const connection = await options.connect().catch((cause: unknown) => {
      throw new UserError(`no broker at ${nats}: ${errorMessage(cause)}`, {
        remedy: "see --nats, --nats-token-file and --data",
        cause,
      });
    });
    try {
      await ensureStreams(connection);
      const ingest = await startIngest({
        connection,
        store: metrics === undefined ? store : timedInserts(store, metrics.insertSeconds),
        concurrency: options.concurrency,
        report: (problem) => log.warn(problem),
      });
      metrics?.attach(connection, ingest.stats);
      log.info({ nats, clickhouse: clickhouse.url }, "ingest is up");
      try {
        await ended;
      } finally {
        await ingest.stop();
        log.info(ingest.stats(), "ingest has stopped");
      }
    } finally {
      // What was acknowledged must get there.
      await connection.drain();
    }
  } finally {
    await store.close();
  }
}

async function needTables(ask: () => Promise<void>, url: string): Promise<void> {
  try {
    await ask();
  } catch (cause) {
    throw new UserError(`the tables at ${url} cannot be used: ${errorMessage(cause).split("\n")[0]}`, {
      remedy: "see --clickhouse and its options; `parallax up` makes and upgrades the tables",
      cause,
    });
  }
}
