import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { errorCode, errorMessage, UserError } from "../errors.js";
import type { Exposition } from "./exposition.js";

/** Where metrics are served. */
export interface MetricsAddress {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
}

export interface MetricsServer {
  /** Where Prometheus asks. */
  readonly url: string;
  close(): Promise<void>;
}

/** Scrapers are few, and each asks every some seconds. */
const MOST_CONNECTIONS = 32;
const REQUEST_MS = 10_000;
const MOST_HEADER_BYTES = 8_192;

/** `HOST:PORT` or `:PORT` (loopback), as `--metrics-address` has it. @throws UserError with exit code 2 */
export function metricsAddress(text: string): MetricsAddress {
  const [, host = "", digits = ""] = /^\[?([^[\]]*?)\]?:(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== "" && port <= 65_535 && (host === "" || isIP(host) !== 0)) {
    return { host: host === "" ? "127.0.0.1" : host, port };
  }
  throw new UserError(`--metrics-address ${text} is no address with a port`, {
    remedy: "give one of this machine's addresses and a port: 127.0.0.1:9464, or :9464 for loopback",
    exitCode: 2,
  });
}

/**
 * Serves the metrics at `/metrics` and nothing else, to whoever reaches the address: nothing in them is secret, and no
 * target is named.
 * @throws UserError when it cannot listen there
 */
export async function serveMetrics(
  exposition: Pick<Exposition, "contentType" | "text">,
  { host, port }: MetricsAddress,
): Promise<MetricsServer> {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: MOST_HEADER_BYTES };
  const server = createServer(limits, (request, response) => void answer(request, response, exposition));
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new UserError(`--metrics-address: cannot listen on port ${port} of ${host} (${errorCode(cause)})`, {
          remedy: "name a free port and an address of this machine",
          exitCode: 2,
          cause,
        }),
      ),
    );
    server.listen({ port, host }, resolve);
  });
  const bound = server.address();
  const used = typeof bound === "object" && bound !== null ? bound.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${used}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  exposition: Pick<Exposition, "contentType" | "text">,
): Promise<void> {
  if ((request.url ?? "").split("?")[0] !== "/metrics") {
    response.writeHead(404).end("metrics are at /metrics\n");
    return;
  }
  if (request.method !== "GET") {
    response.writeHead(405, { Allow: "GET" }).end();
    return;
  }
  try {
    const text = await exposition.text();
    response.writeHead(200, { "Content-Type": exposition.contentType }).end(text);
  } catch (error) {
    response.writeHead(500).end(`${errorMessage(error)}\n`);
  }
}
