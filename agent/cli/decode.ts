import { once } from "node:events";
import { closeSync, openSync, readSync } from "node:fs";
import type { CommandModule } from "yargs";
import { DecodeError, errorCode, UserError } from "../../shared/errors.js";
import type { CaptureInput } from "../../shared/pcap/input.js";
import { readCapture } from "../../shared/pcap/reader.js";
import { packetToJson } from "./packet-json.js";

interface DecodeArguments {
  file: string;
}

/** `parallax-agent decode`: a capture file as lines of JSON, every TCP option by name. */
export const decodeCommand: CommandModule<object, DecodeArguments> = {
  command: "decode <file>",
  describe: "Print the TCP packets of a pcap or pcapng file, and the ICMP errors that quote TCP, as lines of JSON",
  builder: (args) =>
    args.positional("file", { type: "string", demandOption: true, describe: "As tcpdump -w and Wireshark write it" }),
  handler: async ({ file }) => {
    const pipe = process.stdout;
    for (const text of decodeFile(file)) if (!pipe.write(text)) await once(pipe, "drain");
  },
};

/**
 * Lines of JSON, several in a piece.
 * @throws UserError when the file cannot be read (exit code 2), or is no whole capture: after the packets before that
 */
export function* decodeFile(file: string): Generator<string> {
  const descriptor = readable(file, () => openSync(file, "r"));
  try {
    yield* inPieces(linesOf(file, descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function* linesOf(file: string, descriptor: number): Generator<string> {
  try {
    for (const captured of readCapture(createFileInput(file, descriptor))) {
      const document = packetToJson(captured);
      if (document !== null) yield `${JSON.stringify(document)}\n`;
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const remedy = "name a whole pcap or pcapng file that is not compressed, or copy this one again";
    throw new UserError(`${file}: ${error.message}`, { remedy, cause: error });
  }
}

const PIECE_CHARACTERS = 65_536;

/** Joins lines, for a write each is slow. What is joined is passed on before an error is. */
function* inPieces(lines: Iterable<string>): Generator<string> {
  let piece = "";
  try {
    for (const line of lines) {
      piece += line;
      if (piece.length < PIECE_CHARACTERS) continue;
      yield piece;
      piece = "";
    }
  } catch (error) {
    yield piece;
    throw error;
  }
  if (piece !== "") yield piece;
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
