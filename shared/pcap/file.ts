import { closeSync, openSync, readSync } from "node:fs";
import { DecodeError, errorCode, UserError } from "../errors.js";
import type { CapturedPacket } from "./captured.js";
import type { CaptureInput } from "./input.js";
import { readCapture } from "./reader.js";

/**
 * The IP packets of a capture file, front to back; see `readCapture`.
 * @throws UserError when the file cannot be read (exit code 2), or is no whole capture: after the packets before that
 */
export function* readCaptureFile(file: string): Generator<CapturedPacket> {
  const descriptor = readable(file, () => openSync(file, "r"));
  try {
    yield* readCapture(createFileInput(file, descriptor));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const remedy = "name a whole pcap or pcapng file that is not compressed, or copy this one again";
    throw new UserError(`${file}: ${error.message}`, { remedy, cause: error });
  } finally {
    closeSync(descriptor);
  }
}

const BUFFER_BYTES = 65_536;

/** Reads through one buffer, which grows to the longest record. */
function createFileInput(file: string, descriptor: number): CaptureInput {
  let buffer = new Uint8Array(BUFFER_BYTES);
  let start = 0;
  let end = 0;
  const fill = (length: number): void => {
    if (length > buffer.length) {
      const longer = new Uint8Array(length);
      longer.set(buffer.subarray(start, end));
      buffer = longer;
    } else {
      buffer.copyWithin(0, start, end);
    }
    end -= start;
    start = 0;
    while (end < length) {
      const count = readable(file, () => readSync(descriptor, buffer, end, buffer.length - end, null));
      if (count === 0) return;
      end += count;
    }
  };
  return {
    read: (length) => {
      if (end - start < length) fill(length);
      const from = start;
      start = Math.min(end, start + length);
      return buffer.subarray(from, start);
    },
  };
}

function readable<T>(file: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UserError(`${file} cannot be read (${errorCode(error)})`, {
      remedy: "name an existing capture file",
      exitCode: 2,
      cause: error,
    });
  }
}
