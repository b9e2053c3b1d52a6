import { constants, write as writeDescriptor } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { errorCode, UserError } from "../../../shared/errors.js";
import type { LineTarget } from "./sink.js";

const STDOUT = 1;
const BUSY_PAUSE_MS = 5;

/**
 * Standard output, written in a thread of its own: a slow reader of a pipe must not hold up the loop that receives.
 * A pipe may be in non-blocking mode, set by whoever made it; then a full one is tried again.
 */
export function stdoutTarget(): LineTarget {
  const write = promisify(writeDescriptor);
  return {
    name: "standard output",
    startBytes: 0,
    uncountedLines: 0,
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        try {
          at += (await write(STDOUT, bytes, at, bytes.length - at)).bytesWritten;
        } catch (error) {
          if (errorCode(error) !== "EAGAIN") throw error;
          await sleep(BUSY_PAUSE_MS);
        }
      }
    },
    sync: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/**
 * A file: made anew, or with `keepBytes` gone on with behind its last whole line. Rejects with UserError (exit code 2)
 * when it cannot be opened, or is shorter than `keepBytes`: rows are missing then that a checkpoint counts on.
 */
export async function openFileTarget(option: string, file: string, keepBytes: number | null): Promise<LineTarget> {
  const handle = await openFile(option, file, keepBytes === null ? "w" : constants.O_RDWR | constants.O_APPEND);
  try {
    const isRegular = (await handle.stat()).isFile();
    const kept =
      keepBytes === null || !isRegular
        ? { startBytes: 0, uncountedLines: 0 }
        : await cutTornLine(handle, file, keepBytes);
    return {
      name: file,
      ...kept,
      async write(bytes) {
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
      },
      // A pipe or a terminal has no disk to wait for.
      sync: () => (isRegular ? handle.datasync() : Promise.resolve()),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openFile(option: string, file: string, flags: string | number): Promise<FileHandle> {
  try {
    return await open(file, flags);
  } catch (cause) {
    throw new UserError(`${option}: ${file} cannot be opened (${errorCode(cause)})`, {
      remedy: flags === "w" ? "name a file in a folder that may be written" : "put the scan's output back there",
      exitCode: 2,
      cause,
    });
  }
}

const NEWLINE = 0x0a;

/** Cuts the file behind its last newline, never before `keepBytes`, where a line ends. */
async function cutTornLine(
  handle: FileHandle,
  file: string,
  keepBytes: number,
): Promise<Pick<LineTarget, "startBytes" | "uncountedLines">> {
  const { size } = await handle.stat();
  if (size < keepBytes) {
    throw new UserError(`${file} has ${size} bytes, and had ${keepBytes} when the scan was interrupted`, {
      remedy: "put the scan's whole output back there, or begin again without --resume",
      exitCode: 2,
    });
  }
  const tail = Buffer.alloc(size - keepBytes);
  const { bytesRead } = await handle.read(tail, 0, tail.length, keepBytes);
  const whole = tail.subarray(0, tail.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1);
  await handle.truncate(keepBytes + whole.length);
  return {
    startBytes: keepBytes + whole.length,
    uncountedLines: whole.reduce((lines, byte) => lines + (byte === NEWLINE ? 1 : 0), 0),
  };
}
