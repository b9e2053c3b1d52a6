import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../../shared/errors.js";
import { isWord, tokenize } from "./sql.js";

/** A query as it came over HTTP, before anything of it is believed. */
export interface QueryRequest {
  readonly sql: string;
  /** Rows of an INSERT; null when the whole body was the query. */
  readonly data: Readable | null;
  readonly database: string;
  /** Result format where the query names none. */
  readonly format: string;
  /** `{name:Type}` values, in the escaped text form of ClickHouse's HTTP interface. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly compress: boolean;
  readonly queryId: string | null;
}

/** Query-string keys that are not settings. */
const PLAIN_KEYS = new Set([
  "query",
  "database",
  "default_format",
  "query_id",
  "enable_http_compression",
  "wait_end_of_query",
  "buffer_size",
  "log_comment",
  "role",
  "user",
]);
const REFUSED_KEYS = new Map([
  ["session_id", "sessions are not kept"],
  ["password", "a token does not belong in an address: use the header Authorization or X-ClickHouse-Key"],
  ["compress", "the native compression is not spoken; use enable_http_compression=1"],
  ["decompress", "the native compression is not spoken; use Content-Encoding: gzip"],
]);
const MAX_SQL_BYTES = 4 * 1024 * 1024;

/** Reads a query from its URL and body. Throws UserError for what is not understood. */
export async function readRequest(message: IncomingMessage): Promise<QueryRequest> {
  const url = new URL(message.url ?? "/", "http://warehouse");
  const parameters = new Map<string, string>();
  const settings = new Map<string, string>();
  for (const [key, value] of url.searchParams) {
    const refusal = REFUSED_KEYS.get(key);
    if (refusal !== undefined && value !== "" && value !== "0") throw wrong(`${key}: ${refusal}`);
    if (key.startsWith("param_")) parameters.set(name(key.slice("param_".length)), value);
    else if (!PLAIN_KEYS.has(key) && refusal === undefined) settings.set(name(key), value);
  }
  const inUrl = url.searchParams.get("query") ?? "";
  const body = bodyOf(message);
  const isInsert = isWord(firstToken(inUrl), "INSERT");
  const header = (key: string) => message.headers[key]?.toString();
  return {
    sql: isInsert ? inUrl : join(inUrl, await text(body)),
    data: isInsert ? body : null,
    database: url.searchParams.get("database") ?? header("x-clickhouse-database") ?? "",
    format: url.searchParams.get("default_format") ?? header("x-clickhouse-format") ?? "TabSeparated",
    parameters,
    settings,
    compress:
      url.searchParams.get("enable_http_compression") === "1" && /\bgzip\b/.test(header("accept-encoding") ?? ""),
    queryId: url.searchParams.get("query_id"),
  };
}

function firstToken(sql: string) {
  return sql === "" ? undefined : tokenize(sql)[0];
}

function join(inUrl: string, inBody: string): string {
  return inUrl === "" ? inBody : inBody === "" ? inUrl : `${inUrl}\n${inBody}`;
}

function name(text: string): string {
  if (!/^\w{1,100}$/.test(text)) throw wrong(`${JSON.stringify(text)} is not the name of a parameter or setting`);
  return text;
}

/** The body, unpacked; packed bodies that are not gzip are refused. */
function bodyOf(message: IncomingMessage): Readable {
  const encoding = message.headers["content-encoding"] ?? "identity";
  if (encoding === "identity") return message;
  if (encoding !== "gzip") throw wrong(`Content-Encoding ${encoding} is not understood`);
  const gunzip = createGunzip();
  message.on("error", (error) => gunzip.destroy(error));
  return message.pipe(gunzip);
}

async function text(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_SQL_BYTES) throw wrong(`the query is longer than ${MAX_SQL_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function wrong(message: string): UserError {
  return new UserError(message, { remedy: "see ClickHouse's HTTP interface for what can be sent" });
}
