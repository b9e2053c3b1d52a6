import { setTimeout as sleep } from "node:timers/promises";
import { type JsMsg, jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { type BatchMessage, batchIdIn, decodeBatch } from "../../shared/batch/codec.js";
import { prependConstants } from "../../shared/batch/constants.js";
import { ASK_HEADER, ATTEMPT_HEADER, decodeAsk, encodeNotice } from "../../shared/batch/notice.js";
import { DecodeError, errorMessage } from "../../shared/errors.js";
import { ROWS_CONSUMER, ROWS_STREAM } from "../broker/streams.js";
import type { Store } from "../store/store.js";
import { createCampaignCheck, isCommitted } from "./committed.js";
import { buryMessage } from "./dead.js";
import { noticeSubject, type Origin, originOf } from "./origin.js";
import { waitingLine } from "./waiting.js";

export interface IngestOptions {
  readonly connection: NatsConnection;
  readonly store: Pick<Store, "layout" | "rows" | "insertBlock" | "catchUp">;
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
  /** Of the rows' blocks. */
  readonly bytes: number;
  /** Batches that were in the table already. */
  readonly duplicates: number;
  readonly dead: number;
}

export interface Ingest {
  stats(): IngestStats;
  /** Takes no more batches, finishes those that it inserts and gives back those that come meanwhile. */
  stop(): Promise<void>;
}

const WORKING_EVERY_MS = 10_000;
/** The broker ends a request for a message that waited so long: a stop waits for that, or what came would be held back. */
const FETCH_MS = 1_000;
/** Error codes of ClickHouse that say that the block itself is wrong: another try would end the same way. */
const BAD_BLOCK = /\b(8|9|10|16|27|32|33|34|44|50|53|70|117|128|131|190|349|432|492)\b/;

/**
 * Carries batches from the stream into the fact tables: one message, one insert, one token. A batch that may have been
 * inserted before (redelivered, or published again by its agent) is looked up first; the token covers a crash between
 * the insert and the acknowledgement. After the commit the agent is told, then the message is acknowledged.
 */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const { connection, store, report } = options;
  const retryMs = options.retryMs ?? 1_000;
  const stats = { batches: 0, rows: 0, bytes: 0, duplicates: 0, dead: 0 };
  const isCampaign = createCampaignCheck(store);
  const consumer = await jetstream(connection).consumers.get(ROWS_STREAM, ROWS_CONSUMER);
  let stopping = false;
  let troubled = false;
  let cutOff = false;

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
      if (message.headers?.has(ASK_HEADER)) return await answer(message, origin);
      batch = decodeBatch(message.data);
      if (batch.campaign !== origin.campaign) {
        throw new DecodeError(`batch of campaign ${batch.campaign} on the subject of ${origin.campaign}`);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return bury(message, error.message);
    }
    let again = message.redelivered || Number(message.headers?.get(ATTEMPT_HEADER) ?? "1") > 1;
    while (!stopping) {
      try {
        if (!(await isCampaign(origin.campaign))) {
          return bury(message, `there is no campaign ${origin.campaign} in this database`);
        }
        await commit(message, batch, origin, again);
        troubled = false;
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (isBadBlock(error)) return bury(message, reason);
        again = true;
        if (!troubled) report(waitingLine(error));
        troubled = true;
        await sleep(retryMs);
      }
    }
    message.nak();
  };

  /** `again`: it may be in the table already. */
  const commit = async (message: JsMsg, batch: BatchMessage, origin: Origin, again: boolean): Promise<void> => {
    if (again && (await isCommitted(store, origin.campaign, batch))) stats.duplicates++;
    else {
      const block = prependConstants(batch.block, { ...origin, batch: batch.batch });
      await store.insertBlock(batch.table, block, batch.batch);
      // An engine that was killed in the middle of an insert may know the token and not have the rows. Replicated tables
      // commit both at once, and the replica that is looked at may be behind.
      if (again && store.layout.kind === "single" && !(await isCommitted(store, origin.campaign, batch))) {
        await store.insertBlock(batch.table, block, `${batch.batch}/2`);
      }
      stats.batches++;
      stats.rows += batch.rows;
      stats.bytes += batch.block.length;
    }
    connection.publish(noticeSubject(origin.agent), encodeNotice({ kind: "committed", batch: batch.batch }));
    message.ack();
  };

  /** Says again of each batch that an agent asks for that it is in its table, where it is. */
  const answer = async (message: JsMsg, origin: Origin): Promise<void> => {
    for (const asked of decodeAsk(message.data)) {
      if (await isCommitted(store, origin.campaign, asked)) {
        connection.publish(noticeSubject(origin.agent), encodeNotice({ kind: "committed", batch: asked.batch }));
      }
    }
    message.ack();
  };

  /** Puts a message aside that can never be inserted, and tells its agent, which keeps the batch. */
  const bury = async (message: JsMsg, reason: string): Promise<void> => {
    await buryMessage(connection, message.subject, message.data, reason);
    const batch = batchIdIn(message.data);
    const [, , , , agent = ""] = message.subject.split(".");
    if (batch !== null) connection.publish(noticeSubject(agent), encodeNotice({ kind: "buried", batch, reason }));
    stats.dead++;
    report(
      `a batch of ${message.subject} cannot be inserted and is a dead letter: ${reason}; see \`parallax ingest dead list\``,
    );
    message.ack();
  };

  /** The next message; null where none has come for a while or the broker is away. */
  const fetch = async (): Promise<JsMsg | null> => {
    try {
      const message = await consumer.next({ expires: FETCH_MS });
      cutOff = false;
      return message;
    } catch (error) {
      // No answer, no stream, no consumer: the broker starts, or is made anew.
      if (!cutOff && !stopping) report(`ingest waits for the broker: ${errorMessage(error)}`);
      cutOff = true;
      await sleep(retryMs);
      return null;
    }
  };

  /** Fetches a batch only when it can begin it: what is fetched is at hand, and nothing waits for its turn here. */
  const work = async (): Promise<void> => {
    while (!stopping && !connection.isClosed()) {
      const message = await fetch();
      if (message === null) continue;
      const taken = take(message).catch((error: unknown) => {
        report(`ingest could not settle a batch, it comes again: ${errorMessage(error)}`);
        message.nak(retryMs);
      });
      atHand.add(taken);
      await taken;
      atHand.delete(taken);
    }
  };
  const atHand = new Set<Promise<void>>();
  const workers = Promise.all(Array.from({ length: options.concurrency }, work));

  return {
    stats: () => ({ ...stats }),
    stop: async () => {
      stopping = true;
      // With a broker that is away a request has no end, and nothing is told to it.
      await Promise.race([workers, sleep(2 * FETCH_MS, undefined, { ref: false })]);
      await Promise.all(atHand);
      if (!connection.isClosed()) await Promise.race([connection.flush(), sleep(FETCH_MS, undefined, { ref: false })]);
    },
  };
}

function isBadBlock(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return BAD_BLOCK.test(code);
}
