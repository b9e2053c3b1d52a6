import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { agentProgram } from "../../../agent/cli/program.js";
import { runProgram } from "../../../shared/cli/program.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-program-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]): Promise<{ code: number; stderr: string }> {
  let stderr = "";
  const code = await runProgram(agentProgram({}), args, (text) => {
    stderr += text;
  });
  return { code, stderr };
}

describe("parallax-agent", () => {
  test.each([
    ["without a command", [], /no command is given; see parallax-agent --help/],
    ["with a command that it does not have", ["frob"], /frob.*; see parallax-agent --help/],
    ["with an option that it does not have", ["doctor", "--verbose"], /verbose.*; see parallax-agent --help/],
    ["to run without its file", ["run"], /config.*; see parallax-agent --help/],
    [
      "to run with a file that is not there",
      ["run", "--config", join(folder, "none")],
      /none cannot be read \(ENOENT\)/,
    ],
  ])("called %s, says so in one line and exits with 2", async (_how, args, line) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^parallax-agent: [^\n]+\n$/);
  });

  test("names every problem of its file on a line of its own", async () => {
    const file = join(folder, "agent.yaml");
    writeFileSync(file, "name: fra-1\nvantage: a b\nspool: 7\n");
    const { code, stderr } = await run("run", "--config", file);
    expect(code).toBe(2);
    const lines = stderr.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      expect(line).toMatch(/^parallax-agent: .*agent\.yaml: \S+: .+; .+/);
    }
  });

  test("with --json, says what is wrong as a document", async () => {
    const { code, stderr } = await run("run", "--json", "--config", join(folder, "none"));
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: `the agent's file ${join(folder, "none")} cannot be read (ENOENT)`,
      remedy: "name an existing file with --config",
    });
  });
});
