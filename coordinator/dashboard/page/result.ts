/** Result of a query. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Longest answer that is read, in characters: a table that nobody would read to its end. */
const LONGEST_ANSWER = 4_000_000;

/** Format of ClickHouse's that `readResult` reads: a line of names, one of types, and one a row. */
export const RESULT_FORMAT = "JSONCompactEachRowWithNamesAndTypes";

/**
 * The rows of an answer, as many as are whole in its first `longest` characters; the rest is not fetched. A line that is not
 * of the format, as a statement with a FORMAT of its own gives it, is a row of one column.
 */
export async function readResult(answer: Pick<Response, "body">, longest = LONGEST_ANSWER): Promise<QueryResult> {
  const lines = (await readText(answer, longest)).split("\n").filter((line) => line !== "");
  const [names = [], types = [], ...rows] = lines.flatMap(jsonRow);
  return { columns: names.map((name, i) => ({ name: String(name), type: String(types[i] ?? "") })), rows };
}

/** Empty for a line that was cut off. */
function jsonRow(line: string): unknown[][] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? [value] : [[line]];
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return line.startsWith("[") ? [] : [[line]];
  }
}

async function readText({ body }: Pick<Response, "body">, longest: number): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length < longest) continue;
    await reader.cancel();
    return text.slice(0, text.lastIndexOf("\n"));
  }
}
