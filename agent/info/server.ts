import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { errorCode, UserError } from "../../shared/errors.js";

export interface InfoServer {
  /** The port that it listens on. */
  readonly port: number;
  close(): Promise<void>;
}

/** Anybody may ask, so nobody gets much: few connections, each short. */
const MOST_CONNECTIONS = 64;
const REQUEST_MS = 5_000;
const MOST_HEADER_BYTES = 4_096;

const HEADERS = {
  "Cache-Control": "max-age=3600",
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Content-Type": "text/html; charset=utf-8",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
} as const;

/**
 * Serves `page` at `/` and nothing else. Rejects with UserError when it cannot listen there. A server that fails later
 * takes nothing else down.
 */
export async function serveInfoPage(
  page: string,
  { port, address }: { readonly port: number; readonly address: string },
): Promise<InfoServer> {
  const body = Buffer.from(page);
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: MOST_HEADER_BYTES, keepAlive: false },
    (request, response) => answer(request, response, body),
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = REQUEST_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new UserError(`infoPage: cannot listen on port ${port} of ${address} (${errorCode(cause)})`, {
          remedy: "name a free port, an address of this machine, and for ports below 1024 start as root",
          exitCode: 2,
          cause,
        }),
      );
    });
    server.listen({ port, host: address }, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  // A body that nobody asked for is not read.
  response.shouldKeepAlive = false;
  const path = (request.url ?? "").split("?")[0];
  if (path !== "/") {
    response.writeHead(404).end();
    return;
  }
  if (request.method !== "GET") {
    response.writeHead(405, { Allow: "GET" }).end();
    return;
  }
  response.writeHead(200, { ...HEADERS, "Content-Length": body.length }).end(body);
}
