import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { type Broker, startBroker } from "../../../coordinator/broker/broker.js";

const BROKER_TOKEN = "broker-token";

export interface TestBroker {
  readonly broker: Broker;
  readonly connection: NatsConnection;
  stop(): Promise<void>;
}

/** A real nats-server in a folder of its own, and a connection to it. */
export async function startTestBroker(): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-broker-"));
  const broker = await startBroker({ folder, port: 0, token: BROKER_TOKEN, onExit: () => undefined });
  const connection = await connect({ servers: broker.url, token: BROKER_TOKEN });
  return {
    broker,
    connection,
    stop: async () => {
      await connection.close();
      await broker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
