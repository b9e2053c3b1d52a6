import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";

/**
 * Writes a file that is there as a whole or not at all: under another name in the same folder, which it gets rid of when
 * anything fails, and renamed when all of it is on the disk. Resolves with its length in bytes.
 * @throws UserError when it cannot be written, or with what `content` failed with
 */
export async function writeWhole(path: string, content: Readable, signal?: AbortSignal): Promise<number> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.unfinished`);
  const handle = await openNew(path, unfinished).catch((error: unknown) => {
    content.destroy();
    throw error;
  });
  try {
    const file = handle.createWriteStream({ flush: true });
    await pipeline(content, file, { ...(signal && { signal }) });
    await rename(unfinished, path);
    return file.bytesWritten;
  } catch (cause) {
    await rm(unfinished, { force: true });
    if (signal?.aborted === true) throw signal.reason;
    throw cause instanceof UserError ? cause : notWritten(path, cause);
  }
}

async function openNew(path: string, unfinished: string): Promise<FileHandle> {
  try {
    return await open(unfinished, "w");
  } catch (cause) {
    throw notWritten(path, cause);
  }
}

function notWritten(path: string, cause: unknown): UserError {
  const remedy =
    errorCode(cause) === "ENOSPC" ? "make room, or name a file on another disk" : "name a file that you may write";
  return new UserError(`${path} cannot be written: ${errorMessage(cause)}`, { remedy, cause });
}
