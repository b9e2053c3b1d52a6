import type { Readable } from "node:stream";
import type { Parameters } from "../store/store.js";

/** Asks the tables, to read; the result fails where it is not whole. */
export type AskTables = (
  sql: string,
  format: string,
  options: { readonly parameters: Parameters; readonly settings: Readonly<Record<string, string>> },
) => Promise<Readable>;

/** Longest that a query of an export may take: the default of five minutes is for people who wait. */
export const EXPORT_SETTINGS = { max_execution_time: "21600" } as const;

/** Rows of a result in the format JSONEachRow. */
export async function* jsonRows(result: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of result) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line);
  }
}

/** Text is made bytes in pieces of about this size. */
const BLOCK_CHARACTERS = 65_536;

/** Joins lines, so that each write is worth its while. */
export async function* blocksOf(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let text = "";
  for await (const line of lines) {
    text += line;
    if (text.length < BLOCK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}
