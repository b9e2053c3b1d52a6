import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { duringScan, leftovers, runDemo } from "./run-demo.js";

const DEMO_TIMEOUT_MS = 300_000;

let folder: string;
/** The demos' own temporary folder. */
let temporary: string;
/** A search path on which the tools for namespaces are missing. */
let bare: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "px-"));
  [temporary, bare] = [join(folder, "t"), join(folder, "bin")];
  for (const one of [temporary, bare]) mkdirSync(one);
  for (const tool of ["sh", "nats-server"]) {
    const where = execFileSync("sh", ["-c", `PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; command -v ${tool}`], {
      encoding: "utf8",
    });
    symlinkSync(where.trim(), join(bare, tool));
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the demo where there can be no lab", () => {
  it(
    "says why, and finds every verdict and interval in the simulator, although an agent is killed in the middle",
    async () => {
      const run = await runDemo(["--exit", "--kill", "fra-80"], { TMPDIR: temporary, PATH: bare });
      expect(run.stderr).toMatch(/No lab on this machine: the lab needs \w+, which is not installed; run /);
      expect(run.stderr).toContain("agent fra-80 ended (SIGKILL)");
      expect(JSON.parse(run.stdout)).toEqual({ ok: true, simulated: true, differences: [] });
      expect(run.code).toBe(0);
      expect(leftovers()).toEqual([]);
      expect(readdirSync(temporary)).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    "stops and says why when it is not to simulate",
    async () => {
      const run = await runDemo(["--exit", "--no-simulator"], { TMPDIR: temporary, PATH: bare });
      expect(run.code).toBe(1);
      expect(JSON.parse(run.stdout || run.stderr.trim().split("\n").at(-1) || "")).toMatchObject({
        error: expect.stringMatching(/^the lab needs \w+, which is not installed$/),
      });
      expect(leftovers()).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );
});

describe("a simulated demo", () => {
  it(
    "leaves nothing behind when it is interrupted in the middle of a scan",
    async () => {
      const run = await runDemo(["--simulator"], { TMPDIR: temporary }, duringScan("SIGINT"));
      expect(run.code).toBe(0);
      expect(leftovers()).toEqual([]);
      expect(readdirSync(temporary)).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    "leaves no process behind when it is killed",
    async () => {
      await runDemo(["--simulator"], { TMPDIR: temporary }, duringScan("SIGKILL"));
      const deadline = Date.now() + 15_000;
      while (leftovers().length > 0 && Date.now() < deadline) await sleep(200);
      expect(leftovers()).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );
});
