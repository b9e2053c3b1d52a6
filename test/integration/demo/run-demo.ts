import { execFileSync, spawn } from "node:child_process";

export interface DemoRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built demo with `env`; `watch` is called with everything that it has printed to stderr so far. */
export function runDemo(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  watch: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<DemoRun> {
  const child = spawn(process.execPath, ["dist/coordinator/main.js", "demo", "--json", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    watch(stderr, (signal) => child.kill(signal));
  });
  return new Promise((resolve) => child.once("exit", (code) => resolve({ code, stdout, stderr })));
}

/** Sends the signal once, when the first scan is under way. */
export function duringScan(signal: NodeJS.Signals): (text: string, kill: (signal: NodeJS.Signals) => void) => void {
  let sent = false;
  return (text, kill) => {
    if (sent || !text.includes("synscan")) return;
    sent = true;
    kill(signal);
  };
}

/** Everything that a demo starts, as command lines that run now. */
export function leftovers(): string[] {
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => /parallax-demo-|dist\/(deploy\/lab|agent\/main|coordinator\/warehouse)/.test(line));
}
