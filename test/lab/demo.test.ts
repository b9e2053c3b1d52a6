import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

const DEMO_TIMEOUT_MS = 300_000;

/** The demos' own temporary folder. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "px-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface DemoRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the demo; `watch` is called with everything that it has printed to stderr so far. */
function runDemo(args: readonly string[], watch: (text: string, kill: (signal: NodeJS.Signals) => void) => void) {
  const child = spawn(process.execPath, ["dist/coordinator/main.js", "demo", "--json", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder },
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
  return new Promise<DemoRun>((resolve) => child.once("exit", (code) => resolve({ code, stdout, stderr })));
}

/** Everything that a demo starts, as command lines that run now. */
function leftovers(): string[] {
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => /parallax-demo-|dist\/(deploy\/lab|agent\/main|coordinator\/warehouse)/.test(line));
}

describe("the demo", () => {
  it(
    "ends with the right verdicts, every interval and no row twice although an agent is killed in the middle of a scan",
    async () => {
      const run = await runDemo(["--exit", "--kill", "fra-80"], () => undefined);
      expect(run.stderr).toContain("agent fra-80 ended (SIGKILL)");
      expect(JSON.parse(run.stdout)).toEqual({ ok: true, differences: [] });
      expect(run.code).toBe(0);
      expect(leftovers()).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    "leaves nothing behind when it is interrupted in the middle of a scan",
    async () => {
      let interrupted = false;
      const run = await runDemo([], (text, kill) => {
        if (interrupted || !text.includes("synscan")) return;
        interrupted = true;
        kill("SIGINT");
      });
      expect(run.code).toBe(0);
      expect(leftovers()).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    "leaves no process behind when it is killed",
    async () => {
      let killed = false;
      await runDemo([], (text, kill) => {
        if (killed || !text.includes("synscan")) return;
        killed = true;
        kill("SIGKILL");
      });
      const deadline = Date.now() + 15_000;
      while (leftovers().length > 0 && Date.now() < deadline) await sleep(200);
      expect(leftovers()).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );
});
