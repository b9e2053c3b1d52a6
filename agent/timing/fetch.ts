import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TimingOutcome } from "../../shared/timing/names.js";
import { outcomeOfRequest, wordOf } from "./outcome.js";

/** A page of a host that is named by its address. */
export interface Page {
  readonly host: string;
  readonly port: number;
  readonly scheme: "http" | "https";
  readonly path: string;
  readonly userAgent: string;
}

/** What happens on the way; `end` may be called more than once, and the first time counts. */
export interface PageEvents {
  firstByte(): void;
  response(message: IncomingMessage): void;
  body(piece: Uint8Array): void;
  end(outcome: TimingOutcome, detail?: string): void;
}

const HEADER_BYTES = 64 * 1024;

/** Sends one GET over an open connection, which nobody else reads from, and takes the response in. */
export function fetchPage(connection: Socket, page: Page, events: PageEvents): void {
  connection.once("data", events.firstByte);
  const request = httpRequest({
    createConnection: () => connection,
    path: page.path,
    headers: {
      Host: authority(page),
      "User-Agent": page.userAgent,
      Accept: "*/*",
      Connection: "close",
    },
    insecureHTTPParser: true,
    maxHeaderSize: HEADER_BYTES,
  });
  const fail = (error: unknown): void => events.end(outcomeOfRequest(error), wordOf(error));
  request.on("error", fail);
  // Nobody asked for another protocol.
  request.on("upgrade", () => events.end("not-http", "101"));
  request.on("response", (message) => {
    events.response(message);
    message.on("data", events.body);
    message.on("end", () => events.end(message.complete ? "complete" : "closed"));
    message.on("error", fail);
  });
  request.end();
}

function authority({ host, port, scheme }: Page): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (scheme === "http" ? 80 : 443) ? name : `${name}:${port}`;
}
