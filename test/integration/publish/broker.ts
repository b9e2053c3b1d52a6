import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { writeConfiguration } from "../../../coordinator/broker/configuration.js";
import { dialBroker } from "../../../coordinator/broker/dial.js";
import { createTestIdentity, type TestIdentity } from "../support/identity.js";

/** A real nats-server, configured as the coordinator does, that can be killed and started again with its data. */
export interface TestBroker {
  readonly url: string;
  readonly identity: TestIdentity;
  /** Agent fra-1 of vantage point fra. */
  readonly agent: AgentIdentity;
  /** A connection of the coordinator. */
  connect(): Promise<NatsConnection>;
  start(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Kills it and removes its folder. */
  remove(): Promise<void>;
}

const START_MS = 10_000;

export async function createTestBroker(): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), "parallax-broker-"));
  const identity = await createTestIdentity();
  const agent = await identity.enroll("fra-1", "fra");
  const port = await freePort();
  const url = `tls://127.0.0.1:${port}`;
  let server: ChildProcess | null = null;

  const kill = async (): Promise<void> => {
    if (server !== null) {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
      server = null;
    }
  };
  const connect = () => dialBroker(url, identity.brokerClients.coordinator);
  return {
    url,
    identity,
    agent,
    connect,
    kill,
    async start() {
      const { tls } = identity;
      const accounts = await identity.brokerAccounts();
      const configuration = writeConfiguration({ folder, host: "127.0.0.1", port, tls, accounts }, "2.9");
      server = spawn("nats-server", ["-c", configuration], { stdio: "ignore" });
      for (const until = Date.now() + START_MS; ; await sleep(50)) {
        try {
          await (await connect()).close();
          return;
        } catch (error) {
          if (Date.now() > until) throw error;
        }
      }
    },
    async remove() {
      await kill();
      identity.remove();
      await rm(folder, { recursive: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
