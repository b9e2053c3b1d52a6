import { readFileSync } from "node:fs";
import type { Prefix } from "../../shared/address/prefix.js";
import { errorCode, UserError } from "../../shared/errors.js";
import { parseBlocklistFile } from "../../shared/target/blocklist-file.js";

/** Addresses that are left out of every scan from here, and why. */
export interface BlockedPrefix {
  readonly prefix: Prefix;
  /** Null where whoever wrote the list gave none. */
  readonly reason: string | null;
  /** Where it is written: a file, or a key of the agent's file. */
  readonly origin: string;
}

/**
 * Reads a file in ZMap's format: a prefix or address a line, a reason behind `#`. `setting` names the key or option that
 * names it. Throws UserError with exit code 2 when it cannot be read, or a line of it.
 */
export function readBlocklistFile(setting: string, file: string): BlockedPrefix[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${setting}: ${file} cannot be read (${errorCode(error)})`, {
      remedy: "name an existing file with a prefix a line",
      exitCode: 2,
      cause: error,
    });
  }
  return parseBlocklistFile(text, file).map(({ prefix, reason }) => ({ prefix, reason, origin: file }));
}

/** The words behind a prefix in messages and lists: `opted out on 2026-03-01: mail from the owner (agent.yaml)`. */
export function blockedWords({ reason, origin }: BlockedPrefix): string {
  // A line of a file may hold what moves a terminal's cursor.
  const words = reason === null ? origin : `${reason} (${origin})`;
  return words.replace(/\p{Cc}/gu, " ");
}
