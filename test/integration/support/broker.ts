import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Broker, startBroker } from "../../../coordinator/broker/broker.js";
import { dialBroker } from "../../../coordinator/broker/dial.js";
import { createTestIdentity, type TestIdentity } from "./identity.js";

export interface TestBroker {
  readonly broker: Broker;
  readonly identity: TestIdentity;
  /** The coordinator's. */
  readonly connection: NatsConnection;
  stop(): Promise<void>;
}

/** A real nats-server in a folder of its own, and a connection to it. */
export async function startTestBroker(identityOptions = {}): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-broker-"));
  const identity = await createTestIdentity(identityOptions);
  const broker = await startBroker({
    folder,
    host: "127.0.0.1",
    port: 0,
    tls: identity.tls,
    accounts: await identity.brokerAccounts(),
    onExit: () => undefined,
  });
  const connection = await dialBroker(broker.url, identity.brokerClients.coordinator);
  return {
    broker,
    identity,
    connection,
    stop: async () => {
      await connection.close();
      await broker.stop();
      identity.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
