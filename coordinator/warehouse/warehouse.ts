import { type ChildProcess, fork } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../shared/errors.js";
import type { Role } from "./executor.js";
import type { ChildMessage, ParentMessage } from "./messages.js";

export interface WarehouseOptions {
  /** Folder of the engine's data; made when missing. */
  readonly folder: string;
  readonly database: string;
  /** Loopback port; 0 for a free one, which then stays the same over restarts. */
  readonly port: number;
  readonly tokens: Readonly<Record<Role, string>>;
  /** Told when the process ended by itself and is started again, and when it stays down. */
  readonly onEvent: (text: string) => void;
  /** Program of the process; the built one by default. */
  readonly program?: string;
}

export interface Warehouse {
  readonly url: string;
  /** Process id of the present child. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** Time the engine gets to open its folder. */
const START_TIMEOUT_MS = 60_000;
const RESTARTS = 20;
const RESTART_WINDOW_MS = 600_000;
const RESTART_DELAY_MS = 200;
const STOP_TIMEOUT_MS = 10_000;

/**
 * Starts the warehouse process and starts it again when it dies, at most 20 times in ten minutes.
 * @throws UserError when it cannot start: package missing, folder or port in use
 */
export async function startWarehouse(options: WarehouseOptions): Promise<Warehouse> {
  mkdirSync(options.folder, { recursive: true });
  const program = options.program ?? fileURLToPath(new URL("./child.js", import.meta.url));
  let port = options.port;
  let stopping = false;
  let starts: number[] = [];

  const launch = async (): Promise<ChildProcess> => {
    const child = fork(program, [], {
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { UV_THREADPOOL_SIZE: "24" },
    });
    const message: ParentMessage = {
      folder: resolve(options.folder),
      database: options.database,
      port,
      tokens: options.tokens,
      spoolRoot: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
    };
    port = await ready(child, message);
    child.on("message", (told: ChildMessage) => {
      if (told.type === "problem") options.onEvent(`warehouse: ${told.text}`);
    });
    child.once("exit", (code, signal) => restart(`${signal ?? `exit code ${code}`}`));
    return child;
  };

  const restart = (reason: string) => {
    if (stopping) return;
    const now = Date.now();
    starts = [...starts.filter((at) => now - at < RESTART_WINDOW_MS), now];
    if (starts.length > RESTARTS) {
      options.onEvent(
        `the warehouse ended again (${reason}) and stays down: it did so ${RESTARTS} times in ten minutes`,
      );
      return;
    }
    options.onEvent(`the warehouse ended (${reason}) and is started again`);
    setTimeout(() => {
      if (stopping) return;
      launching = launch().then(
        (child) => {
          current = child;
        },
        (error: unknown) => restart(error instanceof Error ? error.message : String(error)),
      );
    }, RESTART_DELAY_MS);
  };

  let launching: Promise<void> = Promise.resolve();
  let current = await launch();
  return {
    url: `http://127.0.0.1:${port}`,
    pid: () => current.pid,
    stop: async () => {
      stopping = true;
      await launching;
      await end(current);
    },
  };
}

/** Sends the start message; resolves with the port. */
function ready(child: ChildProcess, start: ParentMessage): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (message: string, remedy: string) => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.kill("SIGKILL");
      reject(new UserError(message, { remedy }));
    };
    const timer = setTimeout(
      () => fail(`the warehouse did not start within ${START_TIMEOUT_MS / 1000} s`, "see what it printed"),
      START_TIMEOUT_MS,
    );
    child.once("error", (error) => fail(`the warehouse cannot start: ${error.message}`, "see the message"));
    child.once("exit", (code, signal) =>
      fail(`the warehouse ended at its start (${signal ?? `exit code ${code}`})`, "see what it printed"),
    );
    child.once("message", (message: ChildMessage) => {
      if (message.type === "failed") return fail(message.message, message.remedy);
      if (message.type === "problem") return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(message.port);
    });
    child.send(start);
  });
}

/** Closes the channel, which ends the child, and waits; kills it when it does not end. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    if (child.connected) child.disconnect();
  });
}
