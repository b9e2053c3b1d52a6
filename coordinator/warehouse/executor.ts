import { closeSync, openSync, writeSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { UserError } from "../../shared/errors.js";
import type { Engine, EngineConnection } from "./engine.js";
import { isWholeFile, repeatedHeaderLines, withoutRepeatedHeaders } from "./formats.js";
import type { Guard } from "./guard.js";
import type { QueryRequest } from "./request.js";
import { formatClause, isWord, type SqlToken, singleStatement } from "./sql.js";

/** Who asks: the operator reads; the coordinator itself also writes and migrates. */
export type Role = "reader" | "writer";

export interface QueryResult {
  readonly format: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** Rows read; known at once only for results that do not stream. */
  readonly rowsRead: number | null;
}

export interface ExecutorOptions {
  readonly engine: Engine;
  readonly guard: Guard;
  readonly database: string;
  /** Folder for the rows of inserts: memory, emptied at the start. */
  readonly spoolFolder: string;
  /** Folder on the disk for results that are whole files, emptied at the start. */
  readonly resultFolder: string;
}

/** Settings of every query of a reader: it may take time and memory, but not all of them. */
const READER_LIMITS: ReadonlyMap<string, string> = new Map([["max_memory_usage", String(4 * 1024 ** 3)]]);
/** A reader that names no time gets the first; the second is the longest that it may name. */
const READER_SECONDS = { usual: 300, longest: 21_600 } as const;
/** Results that are held in memory: these the engine ends itself. */
const MAX_RESULT_BYTES = 512 * 1024 ** 2;
/** Results that do not stream are held in memory twice; more than this is refused. */
const MAX_DOCUMENT_BYTES = 256 * 1024 ** 2;
const FILE_CHUNK_BYTES = 1024 ** 2;

/**
 * Runs one query on a connection of its own and closes it. `id` marks the query in the engine, so that it can be killed.
 * The result's chunks must be read to their end or returned.
 */
export async function* execute(
  options: ExecutorOptions,
  request: QueryRequest,
  role: Role,
  id: string,
): AsyncGenerator<QueryResult> {
  const statement = singleStatement(request.sql);
  if (role === "reader") checkReader(options.guard, request, statement.tokens);
  const clause = formatClause(statement.tokens);
  const format = clause?.name ?? request.format;
  const way = wayOf(statement.tokens, format);
  const connection = options.engine.connect();
  try {
    await prepare(connection, options, request, id, role === "reader" ? readerLimits(request, way) : null);
    if (request.data !== null) {
      yield await insert(connection, options, statement, request.data, id);
      return;
    }
    if (isWord(statement.tokens[0], "INSERT") && !statement.tokens.some((token) => isWord(token, "SELECT"))) {
      throw new UserError("INSERT with rows in the query itself", {
        remedy: "send INSERT … FORMAT X as the parameter `query` and the rows as the body",
      });
    }
    if (way === "stream") {
      const chunks = withoutRepeatedHeaders(
        connection.stream(statement.text, format),
        repeatedHeaderLines(format) ?? 0,
      );
      yield { format, chunks, rowsRead: null };
      return;
    }
    if (way === "file") {
      yield await viaFile(connection, join(options.resultFolder, id), statement, format);
      return;
    }
    const result = await connection.run(statement.text, format);
    if (result.bytes.length > MAX_DOCUMENT_BYTES) {
      throw new UserError(`the result in format ${format} is larger than ${MAX_DOCUMENT_BYTES} bytes`, {
        remedy: "use a format that streams, such as JSONEachRow, CSV or RowBinary, or a LIMIT",
      });
    }
    yield { format, chunks: once(result.bytes), rowsRead: result.rowsRead };
  } finally {
    connection.close();
  }
}

/** How a result gets out: row by row, through a file on the disk, or as one piece of memory. */
type Way = "stream" | "file" | "memory";

function wayOf(tokens: readonly SqlToken[], format: string): Way {
  if (!streams(tokens)) return "memory";
  if (repeatedHeaderLines(format) !== null) return "stream";
  return isWholeFile(format) ? "file" : "memory";
}

/** The engine writes the whole result to a file, row group by row group; it vanishes when it has been read, or sooner. */
async function viaFile(
  connection: EngineConnection,
  file: string,
  { text, tokens }: { readonly text: string; readonly tokens: readonly SqlToken[] },
  format: string,
): Promise<QueryResult> {
  const clause = formatClause(tokens);
  const query = clause === undefined ? text : text.slice(0, tokens[clause.at]?.start);
  const settings = clause === undefined ? "" : text.slice(tokens[clause.at + 1]?.end);
  try {
    const sql = `${query} INTO OUTFILE ${literal(file)} COMPRESSION 'none' FORMAT ${format}${settings}`;
    const { rowsRead } = await connection.run(sql, "Null");
    const opened = await open(file);
    return { format, chunks: opened.createReadStream({ highWaterMark: FILE_CHUNK_BYTES }), rowsRead };
  } finally {
    await rm(file, { force: true });
  }
}

function checkReader(guard: Guard, request: QueryRequest, tokens: readonly SqlToken[]): void {
  guard.check(tokens);
  guard.checkDatabase(request.database);
  for (const setting of request.settings.keys()) guard.checkSetting(setting);
}

/** What a reader's query is bound by, over whatever it asks for. @throws UserError for a time that it may not have */
function readerLimits({ settings }: QueryRequest, way: Way): ReadonlyMap<string, string> {
  const asked = settings.get("max_execution_time");
  const seconds = asked === undefined ? READER_SECONDS.usual : Number(asked);
  if (!(seconds > 0 && seconds <= READER_SECONDS.longest)) {
    throw new UserError(`max_execution_time is not ${asked}`, {
      remedy: `give seconds, more than 0 and at most ${READER_SECONDS.longest}`,
    });
  }
  return new Map([
    ...READER_LIMITS,
    ["max_execution_time", String(seconds)],
    ...(way === "memory" ? ([["max_result_bytes", String(MAX_RESULT_BYTES)]] as const) : []),
  ]);
}

/** Makes the connection the request's own: database, settings, parameters and, last, what a reader must not undo. */
async function prepare(
  connection: EngineConnection,
  options: ExecutorOptions,
  request: QueryRequest,
  id: string,
  limits: ReadonlyMap<string, string> | null,
): Promise<void> {
  const settings = new Map([
    ["async_insert", "0"],
    ["implicit_select", "0"],
    ["output_format_json_quote_64bit_integers", "0"],
    ...request.settings,
    ...(limits ?? []),
    ["log_comment", id],
  ]);
  const assignments = [...settings].map(([key, value]) => `${key} = ${literal(value)}`);
  for (const [key, value] of request.parameters) assignments.push(`param_${key} = ${literal(value)}`);
  if (limits !== null) assignments.push("readonly = 1");
  const database = request.database === "" ? options.database : request.database;
  await connection.run(`USE ${quoteName(database)}`, "Null");
  await connection.run(`SET ${assignments.join(", ")}`, "Null");
}

/** Rows go to a file first: inline data ends at an empty line and what follows would run as SQL. */
async function insert(
  connection: EngineConnection,
  options: ExecutorOptions,
  statement: { readonly text: string; readonly tokens: readonly SqlToken[] },
  data: Readable,
  id: string,
): Promise<QueryResult> {
  const { text, tokens } = statement;
  const clause = formatClause(tokens);
  const at = clause === undefined ? undefined : tokens[clause.at];
  const inner = tokens.find((token) => isWord(token, "SELECT") || isWord(token, "INFILE") || isWord(token, "VALUES"));
  if (clause === undefined || at === undefined || inner !== undefined) {
    throw new UserError("an INSERT with a body must be INSERT INTO table [(columns)] FORMAT name", {
      remedy: "leave SELECT, VALUES and INFILE out and name the format of the rows",
    });
  }
  const file = join(options.spoolFolder, id);
  try {
    await spool(data, file);
    const head = text.slice(0, at.start);
    const settings = tokens.findIndex((token) => isWord(token, "SETTINGS"));
    const tail = settings > clause.at ? ` ${text.slice(tokens[settings]?.start)}` : "";
    const before = settings >= 0 && settings < clause.at ? text.slice(tokens[settings]?.start, at.start) : "";
    const target = before === "" ? head : text.slice(0, tokens[settings]?.start);
    const sql = `${target} FROM INFILE ${literal(file)} COMPRESSION 'none' ${before}${tail} FORMAT ${clause.name}`;
    const result = await connection.run(sql, "Null");
    return { format: "Null", chunks: once(Buffer.alloc(0)), rowsRead: result.rowsRead };
  } finally {
    await rm(file, { force: true });
  }
}

/** At once, chunk by chunk: the folder is memory, where a write takes less time than handing it to another thread. */
async function spool(data: Readable, file: string): Promise<void> {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    for await (const chunk of data as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
    }
  } finally {
    closeSync(descriptor);
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes;
}

/** Only these go through the engine's streaming call. */
function streams(tokens: readonly SqlToken[]): boolean {
  return isWord(tokens[0], "SELECT") || isWord(tokens[0], "WITH") || tokens[0]?.text === "(";
}

function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function quoteName(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}
