import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { duringScan, leftovers, runDemo } from "../integration/demo/run-demo.js";

const DEMO_TIMEOUT_MS = 300_000;

/** The demos' own temporary folder. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "px-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the demo", () => {
  it(
    "ends with the right verdicts, every interval and no row twice although an agent is killed in the middle of a scan",
    async () => {
      const run = await runDemo(["--exit", "--kill", "fra-80"], { TMPDIR: folder });
      expect(run.stderr).toContain("agent fra-80 ended (SIGKILL)");
      // A simulation is no test of the real thing.
      expect(JSON.parse(run.stdout)).toEqual({ ok: true, simulated: false, differences: [] });
      expect(run.code).toBe(0);
      expect(leftovers()).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    "leaves nothing behind when it is interrupted in the middle of a scan",
    async () => {
      const run = await runDemo(["--no-simulator"], { TMPDIR: folder }, duringScan("SIGINT"));
      expect(run.code).toBe(0);
      expect(leftovers()).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );

  it(
    "leaves no process behind when it is killed",
    async () => {
      await runDemo(["--no-simulator"], { TMPDIR: folder }, duringScan("SIGKILL"));
      const deadline = Date.now() + 15_000;
      while (leftovers().length > 0 && Date.now() < deadline) await sleep(200);
      expect(leftovers()).toEqual([]);
    },
    DEMO_TIMEOUT_MS,
  );
});
