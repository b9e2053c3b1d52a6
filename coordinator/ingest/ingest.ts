import { type JsMsg, jetstream } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { type BatchMessage, decodeBatch } from "../../shared/batch/codec.js";
import { prependConstants } from "../../shared/batch/constants.js";
import { DecodeError } from "../../shared/errors.js";
import { DEAD_SUBJECT, ROWS_CONSUMER, ROWS_STREAM } from "../broker/streams.js";
import type { Store } from "../store/store.js";

export interface IngestOptions {
  readonly connection: NatsConnection;
  readonly store: Pick<Store, "rows" | "insertBlock">;
  /** Batches inserted at a time. */
  readonly concurrency: number;
  /** Pause after an insert that failed. */
  readonly retryMs?: number;
  /** One line for each kind of trouble when it begins. */
  readonly report: (problem: string) => void;
}

export interface IngestStats {
  readonly batches: number;
  readonly rows: number;
  /** Batches that were in the table already. */
  readonly duplicates: number;
  readonly dead: number;
}

export interface Ingest {
  stats(): IngestStats;
  /** Takes no more batches, finishes those at hand. */
  stop(): Promise<void>;
}

const WORKING_EVERY_MS = 10_000;
/** Error codes of ClickHouse that say that the block itself is wrong: another try would end the same way. */
const BAD_BLOCK = /\b(16|27|33|34|117|131|349|432|492)\b/;

/** Who made a batch, from the subject that it was published on. */
interface Origin {
  readonly campaign: string;
  readonly vantage: string;
  readonly agent: string;
}

/**
 * Carries batches from the stream into the fact tables: one message, one insert, one token. A batch that may have been
 * inserted before (redelivered, or published again by its agent) is looked up first; the token covers a crash between
 * the insert and the acknowledgement. After the commit the agent is told, then the message is acknowledged.
 */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const { connection, store, report } = options;
  const retryMs = options.retryMs ?? 1_000;
  const stats = { batches: 0, rows: 0, duplicates: 0, dead: 0 };
  const consumer = await jetstream(connection).consumers.get(ROWS_STREAM, ROWS_CONSUMER);
  const messages = await consumer.consume({ max_messages: options.concurrency });
  let stopping = false;
  let troubled = false;

  const take = async (message: JsMsg): Promise<void> => {
    const working = setInterval(() => message.working(), WORKING_EVERY_MS);
    try {
      await settle(message);
    } finally {
      clearInterval(working);
    }
  };

  const settle = async (message: JsMsg): Promise<void> => {
    let batch: BatchMessage;
    let origin: Origin;
    try {
      origin = originOf(message.subject);
      batch = decodeBatch(message.data);
      if (batch.campaign !== origin.campaign) {
        throw new DecodeError(`batch of campaign ${batch.campaign} on the subject of ${origin.campaign}`);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return bury(message, error.message);
    }
    let again = message.redelivered || Number(message.headers?.get("Parallax-Attempt") ?? "1") > 1;
    while (!stopping) {
      try {
        await commit(message, batch, origin, again);
        troubled = false;
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (isBadBlock(error)) return bury(message, reason);
        again = true;
        if (!troubled) report(`ingest waits for the warehouse: ${reason}`);
        troubled = true;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    message.nak();
  };

  /** `again`: it may be in the table already. */
  const commit = async (message: JsMsg, batch: BatchMessage, origin: Origin, again: boolean): Promise<void> => {
    if (again && (await isCommitted(store, batch))) stats.duplicates++;
    else {
      const block = prependConstants(batch.block, { ...origin, batch: batch.batch });
      await store.insertBlock(batch.table, block, batch.batch);
      // An engine that was killed in the middle of an insert may know the token and not have the rows.
      if (again && !(await isCommitted(store, batch))) await store.insertBlock(batch.table, block, `${batch.batch}/2`);
      stats.batches++;
      stats.rows += batch.rows;
    }
    connection.publish(`parallax.committed.${origin.agent}`, batch.batch);
    message.ack();
  };

  /** Puts a message aside that can never be inserted. Its agent keeps the batch: nothing says that it is committed. */
  const bury = async (message: JsMsg, reason: string): Promise<void> => {
    const header = headers();
    header.set("Parallax-Reason", reason.replaceAll(/[\r\n]+/g, " ").slice(0, 1_000));
    header.set("Parallax-Subject", message.subject);
    await jetstream(connection).publish(DEAD_SUBJECT, message.data, { headers: header });
    stats.dead++;
    report(`a batch cannot be inserted and was put into the dead letters: ${reason}`);
    message.ack();
  };

  const running = new Set<Promise<void>>();
  const loop = (async () => {
    for await (const message of messages) {
      const work = take(message).catch((error: unknown) => {
        report(`ingest could not settle a batch, it comes again: ${error instanceof Error ? error.message : error}`);
        message.nak(retryMs);
      });
      running.add(work);
      void work.finally(() => running.delete(work));
      if (running.size >= options.concurrency) await Promise.race(running);
    }
  })();

  return {
    stats: () => ({ ...stats }),
    stop: async () => {
      stopping = true;
      messages.stop();
      await loop;
      await Promise.all(running);
    },
  };
}

function originOf(subject: string): Origin {
  const [, , campaign, vantage, agent, ...rest] = subject.split(".");
  if (campaign === undefined || vantage === undefined || agent === undefined || rest.length > 0) {
    throw new DecodeError(`the subject ${subject} names no campaign, vantage point and agent`);
  }
  return { campaign, vantage, agent };
}

async function isCommitted(store: Pick<Store, "rows">, batch: BatchMessage): Promise<boolean> {
  const sql = `SELECT count() AS n FROM (
    SELECT 1 FROM ${batch.table} WHERE campaign = {campaign:String} AND batch = {batch:UUID} LIMIT 1)`;
  for await (const row of store.rows(sql, { campaign: batch.campaign, batch: batch.batch })) return row.n !== 0;
  return false;
}

function isBadBlock(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return BAD_BLOCK.test(code);
}
