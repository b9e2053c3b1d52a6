import { Readable } from "node:stream";
import { z } from "zod";
import { errorMessage, UserError } from "../../shared/errors.js";
import { openState, type Running } from "../up/state.js";

/** The command line's way to a running coordinator. */
export interface Client {
  readonly where: Running;
  readonly token: string;
  /** A call of the HTTP API; `body` makes it a POST. Rejects with the server's own error. */
  call(path: string, body?: unknown): Promise<unknown>;
  /** Sends the content of a file of any length. Rejects with the server's own error. */
  send(path: string, content: Readable): Promise<unknown>;
  /** Sends a file for a later call; resolves with the id to name it by. */
  sendFile(content: Readable): Promise<string>;
  /** Lines of a response that goes on for long, as JSON values; `body` makes it a POST. */
  lines(path: string, signal?: AbortSignal, body?: unknown): AsyncIterable<unknown>;
}

const sentFile = z.object({ id: z.string() });

/** Finds the coordinator that runs on a data folder. Throws UserError when there is none. */
export function createClient(data: string): Client {
  const state = openState(data);
  const where = state.running();
  if (where === null) {
    throw new UserError(`no coordinator runs on ${data}`, {
      remedy: "start one with `parallax up`, or name its folder with --data",
    });
  }
  const token = state.token("operator");
  const request = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(`${where.api}${path}`, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${token}` },
    }).catch((cause: unknown) => {
      throw new UserError(`the coordinator at ${where.api} does not answer: ${errorMessage(cause)}`, {
        remedy: "see its log",
        cause,
      });
    });
    if (!response.ok) throw await failure(response);
    return response;
  };

  const send = async (path: string, content: Readable): Promise<unknown> => {
    const headers = { "Content-Type": "application/octet-stream" };
    const body = Readable.toWeb(content);
    return (await request(path, { method: "POST", body, headers, duplex: "half" })).json();
  };

  async function* lines(path: string, signal?: AbortSignal, body?: unknown): AsyncGenerator<unknown> {
    const response = await request(path, { ...jsonBody(body), ...(signal && { signal }) });
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) yield JSON.parse(part);
    }
  }

  return {
    where,
    token,
    lines,
    send,
    sendFile: async (content) => sentFile.parse(await send("/v1/files", content)).id,
    call: async (path, body) => (await request(path, jsonBody(body))).json(),
  };
}

function jsonBody(body: unknown): RequestInit {
  if (body === undefined) return {};
  return { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

async function failure(response: Response): Promise<UserError> {
  const body: unknown = await response.json().catch(() => null);
  const text = (key: string) =>
    typeof body === "object" && body !== null && key in body ? String(Reflect.get(body, key)) : "";
  return new UserError(text("error") || `the coordinator answered ${response.status}`, {
    remedy: text("remedy") || "see its log",
    exitCode: response.status === 400 ? 2 : 1,
  });
}
