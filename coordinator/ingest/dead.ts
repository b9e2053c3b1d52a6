import { createHash } from "node:crypto";
import { JetStreamApiError, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { batchIdIn, decodeBatch } from "../../shared/batch/codec.js";
import { ATTEMPT_HEADER, decodeNotice } from "../../shared/batch/notice.js";
import { DecodeError } from "../../shared/errors.js";
import { DEAD_STREAM, DEAD_SUBJECTS } from "../broker/streams.js";
import { noticeSubject, originOf } from "./origin.js";

const REASON_HEADER = "Parallax-Reason";
const SUBJECT_HEADER = "Parallax-Subject";
const MOST_REASON = 1_000;

/** A message that ingest could not insert. */
export interface DeadLetter {
  /** Number in the stream of dead letters. */
  readonly sequence: number;
  /** Null where the message is no batch. */
  readonly batch: string | null;
  readonly table: string | null;
  readonly rows: number | null;
  /** The subject that it was published on, with its campaign, vantage point and agent. */
  readonly subject: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly buriedAt: string;
  readonly bytes: number;
}

/** What became of a letter that was put back. */
export interface Replayed extends DeadLetter {
  readonly outcome: "committed" | "buried again" | "no answer" | "no batch";
  /** Why it was buried again. */
  readonly again: string;
}

/** Puts a message aside that can never be inserted. The same message twice is one letter. Rejects as the broker does. */
export async function buryMessage(
  connection: NatsConnection,
  subject: string,
  data: Uint8Array,
  reason: string,
): Promise<void> {
  const header = headers();
  header.set(REASON_HEADER, reason.replaceAll(/[\r\n]+/g, " ").slice(0, MOST_REASON));
  header.set(SUBJECT_HEADER, subject);
  // One letter per subject and content: the stream keeps the last message of each of its subjects.
  const name = createHash("sha256").update(subject).update("\n").update(data).digest("hex").slice(0, 32);
  await jetstream(connection).publish(`${DEAD_SUBJECTS}.${name}`, data, { headers: header });
}

/** All dead letters, the oldest first. */
export async function* listDead(connection: NatsConnection): AsyncGenerator<DeadLetter> {
  for await (const { letter } of readDead(await jetstreamManager(connection))) yield letter;
}

/**
 * Puts dead letters back on their subjects, one after the other, all or that of one batch, and removes each whose rows are
 * in the table then. One that is buried again, or gets no answer within `answerMs`, stays.
 */
export async function* replayDead(
  connection: NatsConnection,
  batch: string | null,
  answerMs = 30_000,
): AsyncGenerator<Replayed> {
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(DEAD_STREAM);
  for await (const { letter, data } of readDead(manager, state.last_seq)) {
    if (batch !== null && letter.batch !== batch) continue;
    if (letter.batch === null) {
      yield { ...letter, outcome: "no batch", again: "" };
      continue;
    }
    const answer = waitForNotice(connection, letter, answerMs);
    const header = headers();
    header.set(ATTEMPT_HEADER, "2");
    await jetstream(connection).publish(letter.subject, data, { headers: header });
    const notice = await answer;
    // Buried again, it is another message by now.
    if (notice?.kind === "committed") await manager.streams.deleteMessage(DEAD_STREAM, letter.sequence);
    const outcome = notice === null ? "no answer" : notice.kind === "committed" ? "committed" : "buried again";
    yield { ...letter, outcome, again: notice?.kind === "buried" ? notice.reason : "" };
  }
}

async function waitForNotice(connection: NatsConnection, letter: DeadLetter, answerMs: number) {
  const wanted = letter.batch ?? "";
  const notices = connection.subscribe(noticeSubject(originOf(letter.subject).agent));
  const timer = setTimeout(() => notices.unsubscribe(), answerMs);
  try {
    for await (const message of notices) {
      const notice = decodeNotice(message.string());
      if (notice.batch === wanted) return notice;
    }
    return null;
  } finally {
    clearTimeout(timer);
    notices.unsubscribe();
  }
}

async function* readDead(manager: JetStreamManager, upTo?: number) {
  const { state } = await manager.streams.info(DEAD_STREAM);
  for (let sequence = state.first_seq; sequence <= (upTo ?? state.last_seq); sequence++) {
    const message = await manager.streams.getMessage(DEAD_STREAM, { seq: sequence }).catch((error: unknown) => {
      // Between the first and the last there may be some that were removed.
      if (error instanceof JetStreamApiError && error.code === 10037) return null;
      throw error;
    });
    if (message === null) continue;
    const { data, header, time } = message;
    const letter: DeadLetter = {
      sequence,
      ...contentOf(data),
      subject: header.get(SUBJECT_HEADER),
      reason: header.get(REASON_HEADER),
      buriedAt: time.toISOString(),
      bytes: data.length,
    };
    yield { letter, data };
  }
}

function contentOf(data: Uint8Array): Pick<DeadLetter, "batch" | "table" | "rows"> {
  try {
    const { batch, table, rows } = decodeBatch(data);
    return { batch, table, rows };
  } catch (error) {
    if (error instanceof DecodeError) return { batch: batchIdIn(data), table: null, rows: null };
    throw error;
  }
}
