import { spawnSync } from "node:child_process";
import { it } from "@jest/globals";

export interface ToolRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function runTool(program: string, args: readonly string[], cwd = process.cwd()): ToolRun {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (error !== undefined) throw error;
  return { code: status, stdout, stderr };
}

/** A test that wants a tool of the system; where that is missing, the test is left out and says so. */
export function itWithTool(tool: string, name: string, work: () => void | Promise<void>): void {
  const { error } = spawnSync(tool, ["--version"], { stdio: "ignore" });
  if (error === undefined) {
    it(name, work);
    return;
  }
  console.warn(`not checked: ${tool} is missing (${name})`);
  it.skip(name, work);
}
