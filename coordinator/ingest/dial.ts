import { existsSync } from "node:fs";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { dialBroker } from "../broker/dial.js";
import { openIdentity } from "../identity/service.js";

export interface IngestBroker {
  readonly nats: string;
  /** Empty: shown is what the data folder of the coordinator signs, or nothing where there is none. */
  readonly natsToken: string;
  /** Data folder of the coordinator whose broker it is. */
  readonly data: string;
}

/** A connection of an ingest process, which reconnects for ever once it was made. */
export async function dialIngest({ nats, natsToken, data }: IngestBroker): Promise<NatsConnection> {
  if (natsToken === "" && existsSync(join(data, "identity"))) {
    const { brokerClients } = await openIdentity({ data, publicNames: [], nowMs: Date.now });
    return dialBroker(nats, brokerClients.coordinator, "ingest");
  }
  return connect({
    servers: nats,
    ...(natsToken === "" ? {} : { token: natsToken }),
    name: "ingest",
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
  });
}
