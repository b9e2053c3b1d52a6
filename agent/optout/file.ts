import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { formatPrefix, parsePrefix } from "../../shared/address/prefix.js";
import { errorCode, UserError } from "../../shared/errors.js";
import { type OptOutList, optOutList } from "../../shared/optout/list.js";

const FILE = "optouts.json";
const content = z.strictObject({
  revision: z.int().min(0),
  hash: z.string(),
  prefixes: z.array(z.string().transform(parsePrefix)),
});

/** Where an agent keeps who has opted out: beside its batches. */
export function optOutFile(spoolFolder: string): string {
  return join(spoolFolder, FILE);
}

/** The list in the file, an empty one when there is none. Throws UserError for a file that is not what was written. */
export function readOptOuts(file: string): OptOutList {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return optOutList(0, []);
    throw error;
  }
  try {
    const { revision, hash, prefixes } = content.parse(JSON.parse(text));
    const list = optOutList(revision, prefixes);
    if (list.hash === hash) return list;
  } catch (cause) {
    throw damaged(file, cause);
  }
  throw damaged(file);
}

/** Whole or not there after a crash, and on the disk when it returns. */
export function writeOptOuts(file: string, { revision, hash, prefixes }: OptOutList): void {
  const unfinished = `${file}.new`;
  const text = `${JSON.stringify({ revision, hash, prefixes: prefixes.map(formatPrefix) })}\n`;
  synced(unfinished, "w", (handle) => {
    writeSync(handle, text);
  });
  renameSync(unfinished, file);
  synced(dirname(file), "r", () => undefined);
}

function synced(path: string, flags: string, use: (handle: number) => void): void {
  const handle = openSync(path, flags, 0o600);
  try {
    use(handle);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function damaged(file: string, cause?: unknown): UserError {
  return new UserError(`${file} is damaged: who has opted out is not known`, {
    remedy: "restore the file, or remove it while the coordinator runs, which sends the list before any work",
    cause,
  });
}
