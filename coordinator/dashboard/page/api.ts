import { tokenIn } from "./route.js";

/** What the coordinator answered instead of what was asked for. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly remedy: string;

  constructor(status: number, message: string, remedy: string) {
    super(message);
    this.status = status;
    this.remedy = remedy;
  }
}

const KEY = "parallax.token";

/** Takes the token out of the address, so that neither history nor a bookmark keeps it. It lives as long as the tab. */
export function takeToken(): void {
  const token = tokenIn(location.hash);
  if (token === null) return;
  sessionStorage.setItem(KEY, token);
  history.replaceState(null, "", "#/live");
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

function headers(): Record<string, string> {
  const token = sessionStorage.getItem(KEY);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** A document of the API. @throws ApiError; status 0 where nobody answers */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, { headers: headers(), ...(signal && { signal }) });
  return (await answer.json()) as T;
}

/** Result of a query, at most so many rows. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly elapsedMs: number;
}

/** Longest answer that is read, in bytes: a table that nobody would read to its end. */
const LONGEST_ANSWER = 4_000_000;

/** A statement that reads, on the tables. @throws ApiError with ClickHouse's own words */
export async function query(sql: string, signal: AbortSignal): Promise<QueryResult> {
  const begun = performance.now();
  const path =
    "/v1/warehouse?default_format=JSONCompactEachRowWithNamesAndTypes&output_format_json_quote_64bit_integers=1";
  const answer = await ask(path, { method: "POST", body: sql, headers: headers(), signal });
  const lines = (await readText(answer)).split("\n").filter((line) => line !== "");
  const rows = lines.flatMap(jsonRow);
  const [names = [], types = []] = rows;
  return {
    columns: names.map((name, i) => ({ name: String(name), type: String(types[i] ?? "") })),
    rows: rows.slice(2),
    elapsedMs: performance.now() - begun,
  };
}

/** Empty for a line that was cut off, or is of another format. */
function jsonRow(line: string): unknown[][] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? [value] : [[line]];
  } catch {
    return line.startsWith("[") ? [] : [[line]];
  }
}

async function readText(answer: Response): Promise<string> {
  if (answer.body === null) return "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text;
    text += value;
    if (text.length < LONGEST_ANSWER) continue;
    await reader.cancel();
    return text.slice(0, text.lastIndexOf("\n"));
  }
}

async function ask(path: string, request: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, request);
  } catch (cause) {
    if (request.signal?.aborted === true) throw cause;
    throw new ApiError(0, "the coordinator does not answer", "see whether `parallax up` still runs");
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  const said = parseError(text);
  throw new ApiError(answer.status, said.error, said.remedy);
}

function parseError(text: string): { error: string; remedy: string } {
  try {
    const { error, remedy } = JSON.parse(text) as { error?: unknown; remedy?: unknown };
    if (typeof error === "string") return { error, remedy: typeof remedy === "string" ? remedy : "" };
  } catch {
    // An error of ClickHouse's is a line of text.
  }
  return { error: text.trim() || "the coordinator gave no reason", remedy: "" };
}
