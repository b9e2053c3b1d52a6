import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Connection } from "./connection.js";

export interface Asked {
  /** POST when there is one. */
  readonly body?: string | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_MS = 15_000;

/** Sends a request; resolves with the answer's head, whatever its status. Rejects with UserError when none came. */
export async function ask(connection: Connection, url: string, { body, headers, signal }: Asked = {}) {
  try {
    return await begin(url, body, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...connection.headers, ...headers },
      agent: connection.agent,
      ...(signal && { signal }),
    });
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    throw await connection.explain(cause);
  }
}

function begin(url: string, body: string | Readable | undefined, options: RequestOptions): Promise<IncomingMessage> {
  const secure = url.startsWith("https:");
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(url, options);
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${CONNECT_MS / 1_000} s`)), CONNECT_MS);
    const connected = () => clearTimeout(timer);
    request.once("socket", (socket) => {
      const { connecting, encrypted } = socket as TLSSocket;
      if (!connecting && (!secure || encrypted)) connected();
      else socket.once(secure ? "secureConnect" : "connect", connected);
    });
    request.once("close", connected);
    request.once("response", resolve);
    // Behind the answer it is the answer that fails.
    request.on("error", reject);
    if (body === undefined || typeof body === "string") request.end(body);
    else {
      body.once("error", (error) => request.destroy(error));
      body.pipe(request);
    }
  });
}
