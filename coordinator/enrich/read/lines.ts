import { UserError } from "../../../shared/errors.js";
import { type NamedFile, readText } from "../../hitlist/text-file.js";

/** No line of these files is longer; a file without line ends would fill the memory. */
const LONGEST_LINE = 1_000_000;

/**
 * Lines of a text file, plain, gzip or zstd, without their ends.
 * @throws UserError for a file that cannot be read, or is no text of lines
 */
export async function* readLines(file: NamedFile): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of readText(file)) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    if (rest.length > LONGEST_LINE) {
      throw new UserError(`${file.name} has a line of more than ${LONGEST_LINE} characters`, {
        remedy: "check the kind of the file",
        exitCode: 2,
      });
    }
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
