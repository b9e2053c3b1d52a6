import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Clock ticks a second in /proc/PID/stat (USER_HZ, which is 100 on every Linux architecture that Node.js runs on). */
const TICKS = 100;

/** What a process has taken of the machine so far, all its threads together. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Memory now (VmRSS), and the most so far (VmHWM). */
  readonly residentBytes: number;
  readonly peakBytes: number;
}

/** Null when the process is gone. */
export function usageOf(pid: number): Usage | null {
  try {
    // Behind the name in brackets, which may hold anything: state is field 3, user and system ticks 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const [resident, peak] = [/VmRSS:\s+(\d+) kB/, /VmHWM:\s+(\d+) kB/].map((line) => line.exec(status)?.[1]);
    if (resident === undefined || peak === undefined) return null;
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
      residentBytes: Number(resident) * 1024,
      peakBytes: Number(peak) * 1024,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ESRCH") {
      return null;
    }
    throw error;
  }
}

export interface Running {
  readonly child: ChildProcess & { readonly pid: number };
  /** What it has printed on both outputs, for an error message. */
  printed(): string;
  /** What it sends next; rejects when it ends without. */
  message(): Promise<unknown>;
  /** Ends it if it still runs, and waits until it has ended. */
  kill(): Promise<void>;
}

/** Starts a program; throws when it cannot be started. `talks`: it is a Node.js program that sends messages. */
export function start([program, ...args]: readonly [string, ...string[]], talks = false): Running {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe", ...(talks ? (["ipc"] as const) : [])] });
  if (child.pid === undefined) throw new Error(`${program} cannot be started`);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data) => {
      text = `${text}${String(data)}`.slice(-2_000);
    });
  }
  return {
    child: Object.assign(child, { pid: child.pid }),
    printed: () => text,
    message: () =>
      new Promise((resolve, reject) => {
        child.once("message", resolve);
        child.once("exit", () => reject(new Error(`${args.join(" ")} ended early: ${text}`)));
      }),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const over = once(child, "exit");
      child.kill("SIGKILL");
      await over;
    },
  };
}

/** Where a program is: what the environment variable says, else on the path; null if it is nowhere. */
export function findProgram(name: string, variable: string): string | null {
  const named = process.env[variable];
  if (named !== undefined) return existsSync(named) ? named : null;
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}
