import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A program that is started again whenever it ends, as a service manager does. */
export interface Service {
  readonly name: string;
  /** Undefined between two lives. */
  pid(): number | undefined;
  /** Process ids of its children whose command line holds `what`. */
  children(what: string): number[];
  /** Starts it no more, asks it to end, and kills it when it does not. */
  stop(): Promise<void>;
  /** Lives so far. */
  readonly lives: number;
  /** Not started again until `resume`; what runs is killed. */
  hold(): Promise<void>;
  resume(): void;
}

const RESTART_AFTER_MS = 300;
const STOP_WITHIN_MS = 20_000;

export function startService(name: string, args: readonly string[], logFile: string): Service {
  let child: ChildProcess | null = null;
  let ended: Promise<void> = Promise.resolve();
  let wanted = true;
  let lives = 0;
  const log = openSync(logFile, "a");

  const start = (): void => {
    if (!wanted || child !== null) return;
    lives++;
    const life = spawn(process.execPath, [...args], { stdio: ["ignore", log, log] });
    child = life;
    ended = new Promise((resolve) => {
      life.once("exit", () => {
        child = null;
        resolve();
        setTimeout(start, RESTART_AFTER_MS);
      });
    });
  };
  const kill = async (signal: NodeJS.Signals) => {
    wanted = false;
    child?.kill("SIGCONT");
    child?.kill(signal);
    const timer = setTimeout(() => child?.kill("SIGKILL"), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  };
  start();
  return {
    name,
    pid: () => child?.pid,
    children: (what) => childrenOf(child?.pid ?? -1).filter((pid) => commandOf(pid).includes(what)),
    stop: () => kill("SIGTERM"),
    get lives() {
      return lives;
    },
    hold: () => kill("SIGKILL"),
    resume() {
      wanted = true;
      start();
    },
  };
}

/** Waits until none of the processes is there any more. */
export async function goneBy(pids: readonly number[], withinMs: number): Promise<void> {
  const until = Date.now() + withinMs;
  while (pids.some((pid) => commandOf(pid) !== "") && Date.now() < until) await sleep(20);
}

function childrenOf(parent: number): number[] {
  const found: number[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // "PID (name) state PPID …": a name may hold blanks.
    const stat = read(`/proc/${entry}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(fields[1]) === parent && fields[0] !== "Z") found.push(Number(entry));
  }
  return found;
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

/** Empty for a process that has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
