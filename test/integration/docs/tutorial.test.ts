import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it, jest } from "@jest/globals";
import { EXPORT_TABLE_NAMES } from "../../../coordinator/export/parquet.js";

jest.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), "parallax-tutorial-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [, , own = ""] = readFileSync("docs/tutorial.md", "utf8").split(/^## /m);
const [, ...blocks] = [...own.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);

/** In place of the tutorial's first block, which builds: other coordinators may run on this machine. */
const BEGIN = `
set -e
set -m
trap "kill -- \\$(jobs -p | sed 's/^/-/') 2>/dev/null; wait" EXIT
parallax() {
  [ "$1" != up ] || set -- "$@" --api-port 0 --warehouse-port 0 --agents-port 0 --enrolment-port 0 --broker-port 0
  "${process.execPath}" "${process.cwd()}/dist/coordinator/main.js" "$@"
}
parallax-agent() { "${process.execPath}" "${process.cwd()}/dist/agent/main.js" "$@"; }
`;

it("the tutorial's campaign, command by command, ends in a comparison that finds a box", async () => {
  const script = join(folder, "tutorial.sh");
  writeFileSync(script, [BEGIN, ...blocks].join("\n"));
  const run = spawn("bash", [script], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => run.kill("SIGTERM"), 240_000);
  let printed = "";
  for (const stream of [run.stdout, run.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  await new Promise((resolve) => run.once("close", resolve));
  clearTimeout(timer);
  // Their shells have been told; they take a moment.
  for (let tries = 0; runningIn(folder).length > 0 && tries < 100; tries++) await sleep(200);
  expect(runningIn(folder)).toEqual([]);
  // All of it, where something is missing.
  const expected = [
    /fra-1 +fra +connected/,
    /sin-1 +sin +connected/,
    /first-\d+-\d+ is finished/,
    /Campaign first-\d+-\d+: \d+ targets with a reply, asked from fra, sin/,
    /Middleboxes, by the interval where the change happens\n.*the MPTCP option/,
    /port 80 speaks Multipath TCP; the box stands near the vantage point that sees it/,
  ];
  for (const text of expected) expect(printed).toMatch(text);
  expect(readdirSync(join(folder, "first"))).toHaveLength(EXPORT_TABLE_NAMES.length);
});

/** Processes that were started in a folder and have not ended. */
function runningIn(folder: string): string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/cwd`) === folder;
    } catch (error) {
      // It has ended meanwhile, or is another user's.
      if (["ENOENT", "EACCES", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
      throw error;
    }
  });
}
