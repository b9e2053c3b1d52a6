import { execFile } from "node:child_process";
import { UserError } from "../../shared/errors.js";

/** Runs iproute2's `ip -json` with the arguments and returns what it printed, decoded; null when it refused. */
export type IpCommand = (args: readonly string[]) => Promise<readonly unknown[] | null>;

/** `ip` of the PATH, in this process's network namespace. Throws UserError when it is not installed. */
export function createIpCommand(): IpCommand {
  return (args) =>
    new Promise((resolve, reject) => {
      execFile("ip", ["-json", ...args], { timeout: 10_000 }, (error, stdout) => {
        if (error !== null && error.code === "ENOENT") {
          reject(new UserError("the program `ip` is missing", { remedy: "install the package iproute2" }));
        } else if (error !== null) {
          resolve(null);
        } else {
          resolve(decode(stdout));
        }
      });
    });
}

function decode(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "[]" : text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
