import { fileURLToPath } from "node:url";
import { type Running, start } from "../process.js";
import { type AgentsTask, type FromAgents, type GrantTiming, STOP } from "./messages.js";

/** A program of this folder, on one core alone. */
export function startOn(core: number, program: "coordinator" | "agents", task: unknown): Running {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  return start(["taskset", "-c", `${core}`, process.execPath, file, JSON.stringify(task)], true);
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

export function startAgents(core: number, task: AgentsTask): AgentGroup {
  const running = startOn(core, "agents", task);
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
