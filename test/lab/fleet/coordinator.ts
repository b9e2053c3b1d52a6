import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const PROGRAM = "dist/coordinator/main.js";
const NO_PORTS = ["api", "warehouse", "agents", "enrolment", "broker"].flatMap((name) => [`--${name}-port`, "0"]);

/** A coordinator in a process of its own, and its operator's command line. */
export interface Coordinator {
  /** Loopback ports that agents need, by the words of the command line. */
  readonly ports: { readonly agents: number; readonly enrolment: number; readonly broker: number };
  /** Runs `parallax` with these words; gives what it printed as JSON. Throws when it fails. */
  ask<T>(...words: string[]): T;
  /** The same for a command that waits for agents, whose way to the coordinator leads through this process. */
  askWhileServing<T>(...words: string[]): Promise<T>;
  /** The rows of a query. */
  rows<T>(sql: string): T[];
  stop(): Promise<void>;
}

/** `parallax up` on free ports with its data in a folder. */
export async function startCoordinator(data: string): Promise<Coordinator> {
  const up = spawn(process.execPath, [PROGRAM, "up", "--data", data, "--json", ...NO_PORTS], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await firstLine(up);
  const where = JSON.parse(line) as { agents: string; enrolment: string; broker: string };
  const port = (address: string): number => Number(/:(\d+)$/.exec(address)?.[1]);
  const run = (words: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words, "--data", data], {
      encoding: "utf8",
      maxBuffer: 64 * 1_048_576,
    });
    if (status !== 0) throw new Error(`parallax ${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  return {
    ports: { agents: port(where.agents), enrolment: port(where.enrolment), broker: port(where.broker) },
    async askWhileServing<T>(...words: string[]) {
      const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...words, "--data", data, "--json"]);
      return JSON.parse(stdout) as T;
    },
    ask: <T>(...words: string[]) => JSON.parse(run([...words, "--json"])) as T,
    rows: <T>(sql: string) =>
      run(["query", "--format", "JSONEachRow", sql])
        .split("\n")
        .filter((one) => one !== "")
        .map((one) => JSON.parse(one) as T),
    async stop() {
      if (up.exitCode !== null || up.signalCode !== null) return;
      up.kill("SIGTERM");
      await once(up, "exit");
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("no output");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("the coordinator ended before it was up");
}
