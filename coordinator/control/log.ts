import { randomUUID } from "node:crypto";
import { type JetStreamClient, type JetStreamManager, StorageType } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { ControlConflict, isConflict } from "./conflict.js";

const STREAM = "PARALLAX_CONTROL_LOG";
const SUBJECTS = "parallax.control";
/** In one message: well below the 1 MB that brokers take by default. */
const PART_BYTES = 512 * 1024;
const PART = "Parallax-Part";
const BASE = "Parallax-Base";
const READ_WITHIN_MS = 10_000;

/**
 * What became of a document, as a sequence of texts from a base on, with one writer: each message goes in only if the one
 * before it is the writer's, or the one it found. A text may take several messages; one that was not written to its end
 * counts as never written.
 */
export interface ControlLog {
  /** What was found: the last base and the texts after it; empty when there was none. */
  readonly found: readonly string[];
  /** A text to be appended; with `base` it stands for all before it, which are removed. */
  entry(text: string, base: boolean): LogEntry;
  /**
   * Rejects with ControlConflict when there is another writer. After any other rejection the same entry is to be appended
   * again, with `unsure`.
   */
  append(entry: LogEntry, unsure: boolean): Promise<void>;
}

export interface LogEntry {
  readonly parts: readonly Uint8Array[];
  readonly base: boolean;
  readonly id: string;
  /** Parts that are known to be stored, and the sequence number of the first. */
  stored: number;
  firstSequence: number;
}

export type OpenLog = (key: string) => Promise<ControlLog>;

/** Makes the stream when there is none. Uses what nats-server 2.9 can do. */
export async function createLogs(client: JetStreamClient): Promise<OpenLog> {
  const manager = await client.jetstreamManager();
  // Whatever the stream holds is the state: no limit may take something out of it.
  await manager.streams.add({ name: STREAM, subjects: [`${SUBJECTS}.>`], storage: StorageType.File });
  return (key) => openLog(client, manager, key);
}

async function openLog(client: JetStreamClient, manager: JetStreamManager, key: string): Promise<ControlLog> {
  const subject = `${SUBJECTS}.${key}`;
  const found = await read(client, subject);
  let last = found.sequence;

  const isStored = async (id: string): Promise<boolean> => {
    const message = await manager.streams.getMessage(STREAM, { last_by_subj: subject });
    if (message?.header.get(PART) !== id) {
      return false;
    }
    last = message.seq;
    return true;
  };
  const publish = async (entry: LogEntry, part: Uint8Array, id: string, unsure: boolean): Promise<void> => {
    if (unsure && (await isStored(id))) {
      return;
    }
    const head = headers();
    head.set(PART, id);
    if (entry.base) {
      head.set(BASE, "1");
    }
    try {
      const expect = { lastSubjectSequence: last };
      const ack = await client.publish(subject, part, { headers: head, expect, timeout: 2_000 });
      last = ack.seq;
    } catch (error) {
      if (!isConflict(error)) {
        throw error;
      }
      // An attempt that timed out may have arrived after the look-up.
      if (!(unsure && (await isStored(id)))) {
        throw new ControlConflict(key, error);
      }
    }
  };

  return {
    found: found.texts,
    entry(text, base) {
      const bytes = Buffer.from(text);
      const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
      const parts = Array.from({ length: count }, (_, i) => bytes.subarray(i * PART_BYTES, (i + 1) * PART_BYTES));
      return { parts, base, id: randomUUID(), stored: 0, firstSequence: 0 };
    },
    async append(entry, unsure) {
      let doubtful = unsure;
      for (const [i, part] of entry.parts.entries()) {
        if (i < entry.stored) {
          continue;
        }
        await publish(entry, part, `${entry.id} ${i} ${entry.parts.length}`, doubtful);
        doubtful = false;
        entry.stored = i + 1;
        entry.firstSequence ||= last;
      }
      // To the server, sequence 1 means: everything.
      if (entry.base && entry.firstSequence > 1) {
        await manager.streams.purge(STREAM, { filter: subject, seq: entry.firstSequence });
      }
    },
  };
}

/** The texts of a subject from its last base on, and the sequence number of its last message. */
async function read(client: JetStreamClient, subject: string): Promise<{ texts: string[]; sequence: number }> {
  const consumer = await client.consumers.get(STREAM, { filter_subjects: subject });
  const { num_pending } = await consumer.info(true);
  let texts: string[] = [];
  let sequence = 0;
  let parts: Uint8Array[] = [];
  if (num_pending > 0) {
    for await (const message of await consumer.fetch({ max_messages: num_pending, expires: READ_WITHIN_MS })) {
      const [, at = 0, count = 0] = (message.headers?.get(PART) ?? "").split(" ").map(Number);
      parts = at === 0 ? [message.data] : [...parts, message.data];
      sequence = message.seq;
      if (at === count - 1 && parts.length === count) {
        const whole = Buffer.concat(parts).toString();
        texts = message.headers?.get(BASE) === "1" ? [whole] : [...texts, whole];
      }
      if (message.info.pending === 0) {
        break;
      }
    }
    if (sequence === 0) {
      throw new Error(`the broker did not give the control state of ${subject} within ${READ_WITHIN_MS} ms`);
    }
  }
  await consumer.delete();
  return { texts, sequence };
}
