import { randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createGzip } from "node:zlib";
import { UserError } from "../../shared/errors.js";
import { type ExecutorOptions, execute, type QueryResult, type Role } from "./executor.js";
import { contentType } from "./formats.js";
import { type QueryRequest, readRequest } from "./request.js";
import { createSemaphore } from "./semaphore.js";

export interface ServerOptions extends ExecutorOptions {
  /** Tokens, compared in constant time. */
  readonly tokens: Readonly<Record<Role, string>>;
  /** Queries at a time, per role; must leave threads of the pool for KILL. */
  readonly concurrency: Readonly<Record<Role, number>>;
  /** One line for what no client is told. */
  readonly report: (problem: string) => void;
}

/** Error codes of ClickHouse that are the client's own mistake, with their HTTP status. */
const STATUS_OF_CODE: ReadonlyMap<number, number> = new Map([
  [47, 404],
  [60, 404],
  [62, 400],
  [81, 404],
  [159, 408],
  [164, 403],
  [516, 403],
]);
const AUTHENTICATION_FAILED = 516;
const BAD_ARGUMENTS = 36;

/** ClickHouse's HTTP interface, as far as `@clickhouse/client` and curl need it, for two tokens. */
export function createWarehouseServer(options: ServerOptions): Server {
  const places = {
    reader: createSemaphore(options.concurrency.reader),
    writer: createSemaphore(options.concurrency.writer),
  };

  const handle = async (message: IncomingMessage, response: ServerResponse) => {
    const path = new URL(message.url ?? "/", "http://warehouse").pathname;
    if (path === "/ping") return answer(response, 200, "Ok.\n");
    if (path !== "/") return answer(response, 404, "There is no handle here: queries go to /\n");
    const role = roleOf(message, options.tokens);
    if (role === null) {
      response.setHeader("WWW-Authenticate", 'Basic realm="parallax"');
      return fail(response, 401, AUTHENTICATION_FAILED, "Authentication failed: the token is wrong or missing");
    }
    const request = await readRequest(message);
    const id = randomUUID();
    response.setHeader("X-ClickHouse-Query-Id", request.queryId ?? id);
    response.setHeader("X-ClickHouse-Server-Display-Name", "parallax");
    let done = false;
    response.on("close", () => {
      if (!done) kill(options, id);
    });
    const release = await places[role].acquire();
    try {
      if (response.destroyed) return;
      for await (const result of execute(options, request, role, id)) await send(response, request, result);
    } finally {
      done = true;
      release();
    }
  };

  return createServer((message, response) => {
    handle(message, response).catch((error: unknown) => {
      message.resume();
      sendError(response, error);
    });
  });
}

function roleOf(message: IncomingMessage, tokens: ServerOptions["tokens"]): Role | null {
  const given = credentials(message);
  if (given === null) return null;
  if (sameToken(given, tokens.writer)) return "writer";
  return sameToken(given, tokens.reader) ? "reader" : null;
}

/** The token, from a header of ClickHouse's own, a password (any user's) or a bearer. */
function credentials(message: IncomingMessage): string | null {
  const key = message.headers["x-clickhouse-key"];
  if (typeof key === "string") return key;
  const [scheme = "", value = ""] = (message.headers.authorization ?? "").split(" ");
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return null;
  const decoded = Buffer.from(value, "base64").toString("utf8");
  return decoded.slice(decoded.indexOf(":") + 1);
}

function sameToken(given: string, wanted: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}

async function send(response: ServerResponse, request: QueryRequest, result: QueryResult): Promise<void> {
  const chunks = result.chunks[Symbol.asyncIterator]();
  // An error before the first chunk must still become an HTTP status.
  let next = await chunks.next();
  response.statusCode = 200;
  response.setHeader("Content-Type", contentType(result.format));
  response.setHeader("X-ClickHouse-Format", result.format);
  const rows = String(result.rowsRead ?? 0);
  const written = request.data === null ? "0" : rows;
  response.setHeader(
    "X-ClickHouse-Summary",
    JSON.stringify({ read_rows: rows, written_rows: written, result_rows: written }),
  );
  const tag = randomUUID().slice(0, 16);
  response.setHeader("X-ClickHouse-Exception-Tag", tag);
  if (request.compress) response.setHeader("Content-Encoding", "gzip");
  const sink = request.compress ? createGzip() : response;
  if (sink !== response) sink.pipe(response);
  try {
    while (next.done !== true) {
      if (response.destroyed) return;
      if (!sink.write(next.value)) await drained(sink, response);
      next = await chunks.next();
    }
    sink.end();
  } catch (error) {
    sink.end(midStreamError(tag, describe(error).text));
  } finally {
    await chunks.return?.();
  }
}

/** Resolves when `sink` takes more, or when nobody listens any more. */
function drained(sink: NodeJS.WritableStream, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      sink.off("drain", settle);
      response.off("close", settle);
      resolve();
    };
    sink.once("drain", settle);
    response.once("close", settle);
  });
}

/** ClickHouse's form of an error behind rows that are out already: the client looks for the tag of the header. */
function midStreamError(tag: string, message: string): string {
  const text = `${message.replaceAll("\n", " ")}\n`;
  return `\r\n__exception__\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n__exception__\r\n`;
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, code, text } = describe(error);
  fail(response, status, code, text);
}

function describe(error: unknown): { status: number; code: number; text: string } {
  if (error instanceof UserError) {
    return {
      status: 400,
      code: BAD_ARGUMENTS,
      text: `Code: ${BAD_ARGUMENTS}. DB::Exception: ${error.line}. (BAD_ARGUMENTS)`,
    };
  }
  const text = error instanceof Error ? error.message : String(error);
  const code = Number(/^Code: (\d+)/.exec(text)?.[1] ?? 1002);
  return { status: STATUS_OF_CODE.get(code) ?? 500, code, text };
}

function fail(response: ServerResponse, status: number, code: number, text: string): void {
  response.setHeader("X-ClickHouse-Exception-Code", String(code));
  answer(response, status, `${text}\n`);
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=UTF-8");
  response.end(text);
}

/** Ends a query whose client has gone; through another connection, because its own is busy. */
function kill(options: ServerOptions, id: string): void {
  const connection = options.engine.connect();
  connection
    .run(`KILL QUERY WHERE Settings['log_comment'] = '${id}' ASYNC`, "Null")
    .catch((error: unknown) =>
      options.report(`query ${id} of a client that has gone cannot be ended: ${describe(error).text}`),
    )
    .finally(() => connection.close());
}
