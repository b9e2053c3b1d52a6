import type { ChildProcess } from "node:child_process";
import { UserError } from "../../shared/errors.js";
import type { LabMessage, LabRequest } from "./messages.js";

/** How a process of the lab ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface LabProcess {
  /** Inside the lab. */
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
  readonly exited: Promise<ProcessEnd>;
}

/** The lab's first process, as its owner sees it. */
export interface LabClient {
  ask(request: LabRequest): Promise<unknown>;
  /** Starts a program in a namespace, its output in a file. */
  start(namespace: string, argv: readonly string[], where: { cwd: string; logFile: string }): Promise<LabProcess>;
  /** Resolves with the reason when the process ends, by itself or because it is stopped. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Speaks with `child` over its channel. `complaint` is what it has printed to stderr so far. */
export function createLabClient(child: ChildProcess, complaint: () => string): LabClient {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const processes = new Map<number, { resolve(how: ProcessEnd): void; how: Promise<ProcessEnd> }>();
  let number = 0;
  const watch = (pid: number) => {
    const known = processes.get(pid);
    if (known !== undefined) return known;
    let resolve: (how: ProcessEnd) => void = () => undefined;
    const how = new Promise<ProcessEnd>((settle) => {
      resolve = settle;
    });
    processes.set(pid, { resolve, how });
    return { resolve, how };
  };
  child.on("message", (message: LabMessage) => {
    if (message.type === "exited") watch(message.pid).resolve({ code: message.code, signal: message.signal });
    if (message.type === "answer") waiting.get(message.to)?.resolve(message.value);
    if (message.type === "error") {
      waiting.get(message.to)?.reject(new UserError(message.message, { remedy: message.remedy }));
    }
  });
  const hasEnded = () =>
    new UserError(complaint() === "" ? "the lab has ended" : `the lab has ended: ${complaint().trim()}`, {
      remedy: "start it again",
    });
  const ended = new Promise<string>((resolve) => child.once("exit", () => resolve(hasEnded().message)));
  child.once("exit", () => {
    for (const { reject } of waiting.values()) reject(hasEnded());
    // They ended with it.
    for (const { resolve } of processes.values()) resolve({ code: null, signal: "SIGKILL" });
  });
  const ask = (request: LabRequest): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!child.connected) {
        reject(hasEnded());
        return;
      }
      const own = ++number;
      const settle = () => waiting.delete(own);
      waiting.set(own, {
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      child.send({ number: own, request }, (error) => {
        if (error !== null) waiting.get(own)?.reject(hasEnded());
      });
    });
  return {
    ask,
    async start(namespace, argv, { cwd, logFile }) {
      const pid = (await ask({ type: "start", namespace, argv, cwd, logFile })) as number;
      return {
        pid,
        exited: watch(pid).how,
        kill: async (signal) => {
          await ask({ type: "kill", pid, signal });
        },
      };
    },
    ended,
    stop: () => end(child),
  };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    if (child.connected) child.disconnect();
    else child.kill("SIGKILL");
  });
}
