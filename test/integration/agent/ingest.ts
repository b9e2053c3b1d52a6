import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type BatchMessage, decodeBatch } from "../../../shared/batch/codec.js";
import { ASK_HEADER, decodeAsk } from "../../../shared/batch/notice.js";
import type { TestBroker } from "../publish/broker.js";

interface PublishedBatch extends BatchMessage {
  readonly subject: string;
  readonly attempt: number;
}

/** What stands in the place of ingest: takes batches off the stream and commits them when a test wants it. */
export interface TestIngest {
  /** Every delivery so far, in the order of publication. */
  readonly batches: readonly PublishedBatch[];
  /** From now on every batch is committed as it comes; those before as well. */
  commitAll(): void;
  stop(): Promise<void>;
}

/** Makes the stream and consumes it. */
export async function startIngest(broker: TestBroker): Promise<TestIngest> {
  const connection = await broker.connect();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "PARALLAX_ROWS", subjects: ["parallax.rows.>"] });
  await manager.consumers.add("PARALLAX_ROWS", { durable_name: "test", ack_policy: "explicit" });
  const consumer = await jetstream(connection).consumers.get("PARALLAX_ROWS", "test");
  const messages = await consumer.consume();

  const batches: PublishedBatch[] = [];
  let committing = false;
  const commit = ({ subject, batch }: PublishedBatch): void => {
    connection.publish(`parallax.committed.${subject.split(".").at(-1)}`, batch);
  };
  const consuming = (async () => {
    for await (const message of messages) {
      if (message.headers?.has(ASK_HEADER)) {
        message.ack();
        const asked = decodeAsk(message.data).map(({ batch }) => batch);
        for (const batch of batches) if (committing && asked.includes(batch.batch)) commit(batch);
        continue;
      }
      const attempt = Number(message.headers?.get("Parallax-Attempt"));
      const batch = { ...decodeBatch(message.data), subject: message.subject, attempt };
      message.ack();
      // Lines of the agent's ledger are no rows of a campaign; nothing waits for them.
      if (batch.table === "ledger") {
        commit(batch);
        continue;
      }
      batches.push(batch);
      if (committing) {
        commit(batch);
      }
    }
  })();
  return {
    batches,
    commitAll() {
      committing = true;
      for (const batch of batches) {
        commit(batch);
      }
    },
    async stop() {
      await messages.close();
      await consuming;
      await connection.close();
    },
  };
}
