import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import type { LabMessage } from "./messages.js";

/** Starts a program whose output goes to a file; resolves with its process id, and tells when it has ended. */
export function startProcess(
  [program = "", ...args]: readonly string[],
  { cwd, logFile }: { cwd: string; logFile: string },
  tell: (message: LabMessage) => void,
): Promise<number> {
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(program, args, { cwd, stdio: ["ignore", log, log] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve(child.pid ?? 0));
    child.once("exit", (code, signal) => tell({ type: "exited", pid: child.pid ?? 0, code, signal }));
  });
}
