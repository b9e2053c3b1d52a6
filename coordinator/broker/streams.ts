import { AckPolicy, DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { type NatsConnection, nanos } from "@nats-io/transport-node";

/** Batches on their way to the warehouse: `parallax.rows.<campaign>.<vantage>.<agent>`. */
export const ROWS_STREAM = "PARALLAX_ROWS";
export const ROWS_CONSUMER = "ingest";
const ROWS_SUBJECTS = "parallax.rows.>";
/** Batches that can never be inserted, each with its reason in a header. */
export const DEAD_STREAM = "PARALLAX_DEAD";
export const DEAD_SUBJECTS = "parallax.dead";

const MAX_STREAM_BYTES = 4 * 1024 ** 3;
const ACK_WAIT_MS = 30_000;
/** Messages that may be out at ingest without acknowledgement. */
const MAX_ACK_PENDING = 1_000;

/** Makes the streams and ingest's consumer, or leaves them as they are. */
export async function ensureStreams(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection);
  const present = new Set<string>();
  for await (const info of manager.streams.list()) present.add(info.config.name);
  if (!present.has(ROWS_STREAM)) {
    // A full stream refuses new batches, and their agents slow down: nothing is dropped.
    await manager.streams.add({
      name: ROWS_STREAM,
      subjects: [ROWS_SUBJECTS],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: MAX_STREAM_BYTES,
    });
  }
  // A subject per letter: one that is buried again takes the place of its earlier self.
  const dead = { subjects: [`${DEAD_SUBJECTS}.>`], max_msgs_per_subject: 1 };
  if (!present.has(DEAD_STREAM)) {
    await manager.streams.add({
      name: DEAD_STREAM,
      ...dead,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: MAX_STREAM_BYTES,
    });
  }
  // Deliveries are unlimited: giving up on a message would lose its rows.
  await manager.consumers.add(ROWS_STREAM, {
    durable_name: ROWS_CONSUMER,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: MAX_ACK_PENDING,
  });
}
