import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { errorMessage, UserError } from "../../shared/errors.js";
import { createStore, type Store } from "../store/store.js";
import type { Whereabouts } from "./common.js";
import { connectionTo } from "./connection.js";
import { type Asked, ask } from "./request.js";
import { askTables, type QueryOptions, wholeResult } from "./result.js";

/** The command line's way to a running coordinator. */
export interface Client {
  /** URL of the API. */
  readonly address: string;
  /** URL of the API for operators elsewhere; empty when there is none. */
  readonly operators: string;
  /** A call of the HTTP API; `body` makes it a POST. Rejects with the server's own error. */
  call(path: string, body?: unknown): Promise<unknown>;
  /** Sends the content of a file of any length. Rejects with the server's own error. */
  send(path: string, content: Readable): Promise<unknown>;
  /** Sends a file for a later call; resolves with the id to name it by. */
  sendFile(content: Readable): Promise<string>;
  /** Lines of a response that goes on for long, as JSON values; `body` makes it a POST. */
  lines(path: string, signal?: AbortSignal, body?: unknown): AsyncIterable<unknown>;
  /** Result of a query in one of ClickHouse's formats. Rejects, and the result fails, with UserError. */
  query(sql: string, format: string, options?: QueryOptions): Promise<Readable>;
  /** The tables, to read. */
  openStore(): Store;
}

const DATABASE = "parallax";

const sentFile = z.object({ id: z.string() });

/** Finds a coordinator: on a data folder, or elsewhere. Throws UserError when there is none. */
export function createClient(to: Whereabouts): Client {
  const connection = connectionTo(to);
  const { api, warehouse } = connection;
  const request = async (path: string, asked: Asked): Promise<IncomingMessage> => {
    const answer = await ask(connection, `${api}${path}`, asked);
    if (!isGood(answer)) throw await failure(answer);
    return answer;
  };
  const cut = (cause: unknown): UserError =>
    new UserError(`the coordinator at ${api} broke its answer off (${errorMessage(cause)})`, {
      remedy: "repeat the command; where you are not let in any more it says so",
      cause,
    });
  const document = async (path: string, asked: Asked): Promise<unknown> => {
    const answer = await request(path, asked);
    return json(answer).catch((cause: unknown) => {
      throw cut(cause);
    });
  };

  const send = (path: string, content: Readable): Promise<unknown> =>
    document(path, { body: content, headers: { "Content-Type": "application/octet-stream" } });

  async function* lines(path: string, signal?: AbortSignal, body?: unknown): AsyncGenerator<unknown> {
    const answer = await request(path, { ...jsonBody(body), signal });
    let rest = "";
    try {
      for await (const chunk of answer.setEncoding("utf8")) {
        const parts = (rest + chunk).split("\n");
        rest = parts.pop() ?? "";
        for (const part of parts) yield JSON.parse(part);
      }
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      throw answer.complete ? cause : cut(cause);
    }
  }

  return {
    address: api,
    operators: connection.operators,
    lines,
    send,
    sendFile: async (content) => sentFile.parse(await send("/v1/files", content)).id,
    call: (path, body) => document(path, jsonBody(body)),
    async query(sql, format, options) {
      const answer = await askTables(connection, sql, format, options);
      if (isGood(answer)) return wholeResult(answer);
      // Who is not let in is told so by the API, whatever is wrong with a query by ClickHouse.
      throw await failure(answer, "the tables and their columns: parallax query 'SHOW TABLES', 'DESCRIBE hosts'");
    },
    openStore: () =>
      createStore({
        ...{ url: warehouse.url, pathname: warehouse.pathname, agent: connection.agent },
        ...{ username: DATABASE, password: warehouse.token, database: DATABASE, readOnly: true },
      }),
  };
}

function isGood({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function jsonBody(body: unknown): Asked {
  if (body === undefined) return {};
  return { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

/** The server's own words; `remedy` where they have none. */
async function failure(answer: IncomingMessage, remedy = "see its log"): Promise<UserError> {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk;
  // What is still on its way there is not wanted.
  answer.destroy();
  const said = refusal.safeParse(parse(text));
  return new UserError(
    said.data?.error ?? (text.trim().replaceAll("\n", " ") || `the coordinator answered ${answer.statusCode}`),
    {
      remedy: said.data?.remedy ?? remedy,
      exitCode: answer.statusCode === 400 && said.success ? 2 : 1,
    },
  );
}

const refusal = z.object({ error: z.string().min(1), remedy: z.string().min(1) });

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An error of ClickHouse's is a line of text.
    return null;
  }
}
