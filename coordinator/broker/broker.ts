import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { UserError } from "../../shared/errors.js";
import { type BrokerSettings, writeConfiguration } from "./configuration.js";

/** The folder is made when missing; port 0 is a free one. */
export interface BrokerOptions extends BrokerSettings {
  /** Told when the broker ended by itself. */
  readonly onExit: (reason: string) => void;
  /** Name of the broker's program on the PATH; nats-server by default. */
  readonly program?: string;
}

export interface Broker {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 10_000;

/**
 * Starts the installed `nats-server` with a configuration of its own. One that runs already is never taken over.
 * @throws UserError when it is not installed, the port is in use or it does not come up
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const port = options.port === 0 ? await freePort() : options.port;
  if (options.port !== 0 && (await answers(port))) {
    throw new UserError(`port ${port} is in use`, { remedy: "choose another one with --broker-port" });
  }
  const program = options.program ?? "nats-server";
  const file = writeConfiguration({ ...options, port }, await versionOf(program));
  const child = await launch(program, file);
  let stopping = false;
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const lastLines = tail(child);
  const deadline = Date.now() + START_TIMEOUT_MS;
  let ended: string | null = null;
  void exited.then((reason) => {
    ended = reason;
  });
  while (!(await answers(port))) {
    if (ended !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new UserError(`nats-server did not start: ${lastLines() || ended || "no answer"}`, {
        remedy: `see ${file}; another --broker-port or --data folder may help`,
      });
    }
    await sleep(50);
  }
  void exited.then((reason) => {
    if (!stopping) options.onExit(reason);
  });
  return {
    url: `tls://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      stopping = true;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** What the program says on --version. @throws UserError when it is not there */
async function versionOf(program: string): Promise<string> {
  try {
    return (await promisify(execFile)(program, ["--version"])).stdout;
  } catch (cause) {
    throw new UserError(`${program} is not installed`, { remedy: "run deploy/setup.sh", cause });
  }
}

/** The broker must not outlive us: setpriv has the kernel end it with this process, where it is installed. */
async function launch(broker: string, file: string): Promise<ChildProcess> {
  const run = promisify(execFile);
  const command = [broker, "-c", file];
  const wrapped = await run("setpriv", ["--pdeathsig", "TERM", "true"]).then(
    () => ["setpriv", "--pdeathsig", "TERM", ...command],
    () => command,
  );
  const [program = "", ...args] = wrapped;
  // Detached: Ctrl-C in the terminal is for us; the broker ends when we are done with it.
  return spawn(program, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
}

/** The last error lines that the process printed. */
function tail(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-4_000);
  });
  const wrong = (line: string) => /\[(ERR|FTL)\]|nats-server:/.test(line);
  return () => text.split("\n").filter(wrong).slice(-2).join(" ").trim();
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
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
