import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";

/** A nats-server of its own, with JetStream on a temporary folder. */
export interface TestBroker {
  readonly url: string;
  connect(): Promise<NatsConnection>;
  /** Ends the process as a crash would; `start` runs it again on the same folder and port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Closes the connections that it gave out, ends the process and removes its folder. */
  stop(): Promise<void>;
}

export async function startBroker(): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-nats-"));
  const port = await freePort();
  const url = `nats://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  // One left open would look for the server for ever, and keep the test's process from ending.
  const given: NatsConnection[] = [];

  const broker: TestBroker = {
    url,
    async connect() {
      const connection = await connect({ servers: url, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
      given.push(connection);
      return connection;
    },
    async start() {
      const log = join(folder, "log");
      child = spawn("nats-server", ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder, "-l", log], {
        stdio: "ignore",
      });
      await ready(() => readdirSync(folder).includes("log") && readFileSync(log, "utf8").includes("Server is ready"));
      rmSync(log);
    },
    async kill() {
      const running = child;
      child = null;
      if (running !== null) {
        const gone = new Promise((resolve) => running.once("exit", resolve));
        running.kill("SIGKILL");
        await gone;
      }
    },
    async stop() {
      await Promise.all(given.map((connection) => connection.close()));
      await broker.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await broker.start();
  return broker;
}

async function ready(isReady: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (isReady()) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("nats-server did not start");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
