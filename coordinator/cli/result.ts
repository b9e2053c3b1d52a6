import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { errorMessage, UserError } from "../../shared/errors.js";
import type { Parameters } from "../store/store.js";
import type { Connection } from "./connection.js";
import { ask } from "./request.js";

/** What a query is asked with. */
export interface QueryOptions {
  readonly parameters?: Parameters;
  /** Settings that a reader may give. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a query to the tables; resolves with the answer's head, whatever its status. The body is for `wholeResult`.
 * Rejects with UserError when there is no answer.
 */
export function askTables(
  connection: Connection,
  sql: string,
  format: string,
  { parameters = {}, settings = {}, signal }: QueryOptions = {},
): Promise<IncomingMessage> {
  const { url, pathname, token } = connection.warehouse;
  const query = new URLSearchParams({ default_format: format, ...settings });
  for (const [name, value] of Object.entries(parameters)) query.set(`param_${name}`, escaped(String(value)));
  const headers = { "Content-Type": "text/plain; charset=utf-8", "X-ClickHouse-Key": token };
  return ask(connection, `${url}${pathname}?${query}`, { body: sql, headers, signal });
}

/** ClickHouse takes parameters as it takes a field of TSV. */
function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
}

/**
 * The body of a good answer. It fails with UserError where the answer ends too early: when the connection was cut, and
 * when ClickHouse met an error behind rows that it had sent already, which it then writes behind them.
 */
export function wholeResult(answer: IncomingMessage): Readable {
  const tag = answer.headers["x-clickhouse-exception-tag"];
  return Readable.from(untilException(answer, typeof tag === "string" ? tag : null), { objectMode: false });
}

async function* untilException(answer: AsyncIterable<Buffer>, tag: string | null): AsyncGenerator<Buffer> {
  const marker = Buffer.from(`\r\n__exception__\r\n${tag}\r\n`);
  // The end of what came may be the beginning of the marker.
  let held: Buffer = Buffer.alloc(0);
  let message: Buffer | null = null;
  try {
    for await (const chunk of answer) {
      if (message !== null) {
        message = Buffer.concat([message, chunk]);
        continue;
      }
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const at = tag === null ? -1 : bytes.indexOf(marker);
      if (at >= 0) message = bytes.subarray(at + marker.length);
      const end = at >= 0 ? at : tag === null ? bytes.length : Math.max(0, bytes.length - marker.length + 1);
      held = at >= 0 ? Buffer.alloc(0) : bytes.subarray(end);
      if (end > 0) yield bytes.subarray(0, end);
    }
  } catch (cause) {
    throw new UserError(`the tables' answer broke off (${errorMessage(cause)})`, {
      remedy: "repeat the command",
      cause,
    });
  }
  if (message !== null) throw behindRows(message.toString("utf8"));
  if (held.length > 0) yield held;
}

function behindRows(text: string): UserError {
  const [message = ""] = text.split("\n");
  return new UserError(`the query failed behind rows that it had sent already: ${message.trim()}`, {
    remedy: "what was printed is not the whole result",
  });
}
