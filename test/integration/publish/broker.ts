import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";

/** A real nats-server with JetStream in a temporary folder, that can be killed and started again with its data. */
export interface TestBroker {
  readonly url: string;
  readonly token: string;
  start(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Kills it and removes its folder. */
  remove(): Promise<void>;
}

export async function createTestBroker(): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), "parallax-broker-"));
  const port = await freePort();
  const token = "test-token";
  const url = `nats://127.0.0.1:${port}`;
  const configuration = join(folder, "nats.conf");
  await writeFile(
    configuration,
    `listen: "127.0.0.1:${port}"\nauthorization { token: "${token}" }\njetstream { store_dir: "${folder}/data" }\n`,
  );
  let server: ChildProcess | null = null;

  const kill = async (): Promise<void> => {
    if (server !== null) {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
      server = null;
    }
  };
  return {
    url,
    token,
    kill,
    async start() {
      server = spawn("nats-server", ["-c", configuration], { stdio: "ignore" });
      const probe = await connect({ servers: url, token, waitOnFirstConnect: true, reconnectTimeWait: 50 });
      await probe.close();
    },
    async remove() {
      await kill();
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
