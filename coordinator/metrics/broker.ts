import { jetstreamManager, type StreamInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { DEAD_STREAM, ROWS_CONSUMER, ROWS_STREAM } from "../broker/streams.js";
import type { BrokerFacts, StreamFacts } from "./facts.js";

/** How full the broker's streams are. Rejects when it does not answer. */
export async function readBroker(connection: NatsConnection): Promise<BrokerFacts> {
  const manager = await jetstreamManager(connection);
  const [rows, dead, consumer] = await Promise.all([
    manager.streams.info(ROWS_STREAM),
    manager.streams.info(DEAD_STREAM),
    manager.consumers.info(ROWS_STREAM, ROWS_CONSUMER),
  ]);
  return {
    rows: streamFacts(rows),
    dead: streamFacts(dead),
    ackPending: consumer.num_ack_pending,
    redelivered: consumer.num_redelivered,
  };
}

function streamFacts({ state, config }: StreamInfo): StreamFacts {
  return {
    messages: state.messages,
    bytes: state.bytes,
    limitBytes: config.max_bytes,
    oldestMs: state.messages === 0 ? null : Date.parse(state.first_ts),
  };
}
