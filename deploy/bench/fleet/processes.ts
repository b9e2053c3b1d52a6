import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Running, start } from "../process.js";
import { type AgentsTask, type FromAgents, type GrantTiming, STOP } from "./messages.js";

/** On the agents' one core, threads of the collector would wait for each other's turns. */
const NODE_OPTIONS = { coordinator: [], agents: ["--single-threaded-gc"] } as const;

/** A program of this folder, on one core alone; `ahead` of all others there (SCHED_RR, which needs root). */
export function startOn(core: number, program: keyof typeof NODE_OPTIONS, task: unknown, ahead = false): Running {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  const node = [process.execPath, ...NODE_OPTIONS[program], file, JSON.stringify(task)];
  return start(["taskset", "-c", `${core}`, ...(ahead ? ["chrt", "--rr", "1"] : []), ...node], true);
}

/** Keeps a process that runs already, with all its threads, on one core. */
export function keepOn(core: number, pid: number): void {
  execFileSync("taskset", ["-a", "-c", "-p", `${core}`, `${pid}`], { stdio: "ignore" });
}

/** Some agents in a process of their own. */
export interface AgentGroup {
  readonly grants: GrantTiming[];
  /** Longest time that its event loop did not turn. */
  longestTurnMs: number;
  /** SIGKILL: agents and marks are gone, at once. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** Ends it in order. */
  stop(): Promise<void>;
}

export function startAgents(core: number, task: AgentsTask, ahead = false): AgentGroup {
  const running = startOn(core, "agents", task, ahead);
  const { child } = running;
  let expected = false;
  const exited = new Promise<void>((resolve, reject) => {
    child.once("exit", (code, signal) => {
      if (expected) resolve();
      else reject(new Error(`agents from ${task.first} on ended (${signal ?? code}): ${running.printed()}`));
    });
  });
  exited.catch(() => undefined);
  const group: AgentGroup = {
    grants: [],
    longestTurnMs: 0,
    async kill() {
      expected = true;
      await running.kill();
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    async stop() {
      expected = true;
      child.kill("SIGCONT");
      child.send(STOP);
      await exited;
    },
  };
  child.on("message", (message: FromAgents) => {
    if (message.kind === "grants") {
      group.grants.push(...message.grants);
      group.longestTurnMs = Math.max(group.longestTurnMs, message.longestTurnMs);
    }
  });
  return group;
}
