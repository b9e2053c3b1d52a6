import { once } from "node:events";
import type { CommandModule } from "yargs";
import { readCaptureFile } from "../../shared/pcap/file.js";
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

/** Lines of JSON, several in a piece. Throws as `readCaptureFile`. */
export function decodeFile(file: string): Generator<string> {
  return inPieces(linesOf(file));
}

function* linesOf(file: string): Generator<string> {
  for (const captured of readCaptureFile(file)) {
    const document = packetToJson(captured);
    if (document !== null) yield `${JSON.stringify(document)}\n`;
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
