import type { IncomingMessage } from "node:http";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import { addressFamily, formatAddress } from "../../shared/address/address.js";
import type { WebTimingRow } from "../../shared/batch/rows.js";
import type { Target } from "../../shared/target/source.js";
import type { TimingOutcome, Transport } from "../../shared/timing/names.js";
import type { Clock } from "../wire/clock.js";
import type { Libc } from "../wire/libc.js";
import { type CertificateFacts, certificateOf, NO_CERTIFICATE } from "./certificate.js";
import { fetchPage } from "./fetch.js";
import { createMptcpWatch } from "./mptcp-watch.js";
import { outcomeOf, wordOf } from "./outcome.js";
import { openSocket } from "./socket.js";

/** One page to fetch over a connection of its own. */
export interface VisitRequest {
  readonly target: Target;
  readonly scheme: "http" | "https";
  readonly transport: Transport;
  readonly path: string;
  readonly timeoutMs: number;
  /** The connection is closed when so many bytes of the body have come; 1 at least. */
  readonly bodyLimitBytes: number;
  /** Closes the connection at once; the visit then says nothing. */
  readonly signal: AbortSignal;
}

/** What came of it, as a row has it. */
export interface Visit
  extends Pick<
    WebTimingRow,
    | ("outcome" | "detail" | "status" | "bodyBytes" | "location" | "server" | "mptcp" | "subflows")
    | ("startedAtUs" | "connectUs" | "pretransferUs" | "firstByteUs" | "totalUs" | keyof CertificateFacts)
  > {
  readonly body: Uint8Array;
}

/** Fetches a page; null when it was cut short. Rejects with UserError when this machine cannot make such a connection. */
export type MakeVisit = (request: VisitRequest) => Promise<Visit | null>;

export interface VisitOptions {
  readonly libc: Libc;
  readonly clock: Pick<Clock, "unixMs" | "monotonicMs">;
  readonly userAgent: string;
  /** Source addresses; null: by the route. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
}

/** What a server or a library says is kept up to here. */
const LONGEST_TEXT = 1024;

/** A connection that anybody takes: nothing secret is sent or got, and what is old or weak is to be timed too. */
const ANY_TLS: ConnectionOptions = {
  rejectUnauthorized: false,
  minVersion: "TLSv1",
  ciphers: "DEFAULT:@SECLEVEL=0",
  ALPNProtocols: ["http/1.1"],
};

/**
 * GETs with times in curl's terms: `connect` when the TCP handshake is over, `pretransfer` when the request is about to be
 * sent (behind the TLS handshake, if any), then first byte and total. Redirects are not followed.
 */
export function createVisits({ libc, clock, userAgent, source4, source6 }: VisitOptions): MakeVisit {
  return (wanted) =>
    new Promise((resolve) => {
      const { target, scheme, signal } = wanted;
      const host = formatAddress(target.address);
      const startedAtUs = Math.round(clock.unixMs() * 1000);
      const startMs = clock.monotonicMs();
      const sinceStartUs = (): number => Math.round((clock.monotonicMs() - startMs) * 1000);
      const times: Record<"connectUs" | "pretransferUs" | "firstByteUs", number | null> = {
        connectUs: null,
        pretransferUs: null,
        firstByteUs: null,
      };
      const opened = openSocket(
        libc,
        wanted.transport,
        target,
        addressFamily(target.address) === 4 ? source4 : source6,
      );
      const { socket } = opened;
      const mptcp = createMptcpWatch(opened.mptcp);
      const closed = new Promise<void>((done) => socket.once("close", () => done()));
      const body: Uint8Array[] = [];
      let bodyBytes = 0;
      let response: IncomingMessage | null = null;
      let certificate = (): CertificateFacts => NO_CERTIFICATE;
      let isOver = false;

      /** The first end counts; null: cut short. */
      function end(outcome: TimingOutcome | null, detail = ""): void {
        if (isOver) return;
        isOver = true;
        const totalUs = outcome === "complete" || outcome === "body-limit" ? sinceStartUs() : null;
        mptcp.look();
        clearTimeout(timer);
        signal.removeEventListener("abort", cutShort);
        socket.destroy();
        void closed.then(() =>
          resolve(
            outcome === null
              ? null
              : {
                  ...{ outcome, detail: short(detail), startedAtUs, ...times, totalUs },
                  status: response?.statusCode ?? 0,
                  location: short(response?.headers.location),
                  server: short(response?.headers.server),
                  ...{ body: Buffer.concat(body), bodyBytes, mptcp: mptcp.state, subflows: mptcp.subflows },
                  ...certificate(),
                },
          ),
        );
      }
      const cutShort = (): void => end(null);
      const timer = setTimeout(() => end("timeout", missing(times)), wanted.timeoutMs);

      function ask(connection: typeof socket): void {
        times.pretransferUs = sinceStartUs();
        fetchPage(
          connection,
          { host, port: target.port, scheme, path: wanted.path, userAgent },
          {
            firstByte() {
              times.firstByteUs = sinceStartUs();
              mptcp.look();
            },
            response(message) {
              response = message;
            },
            body(piece) {
              const taken = piece.subarray(0, wanted.bodyLimitBytes - bodyBytes);
              body.push(taken);
              bodyBytes += taken.length;
              if (bodyBytes >= wanted.bodyLimitBytes) end("body-limit");
            },
            end,
          },
        );
      }

      signal.addEventListener("abort", cutShort, { once: true });
      socket.on("error", (error) => end(outcomeOf(error), wordOf(error)));
      socket.on("close", () => end("closed"));
      socket.once("connect", () => {
        times.connectUs = sinceStartUs();
        mptcp.look();
        if (scheme === "http") {
          ask(socket);
          return;
        }
        const tls = tlsConnect({ ...ANY_TLS, socket, host });
        tls.on("error", (error) => end(times.pretransferUs === null ? "tls-failed" : outcomeOf(error), wordOf(error)));
        tls.once("secureConnect", () => {
          ask(tls);
          certificate = certificateOf(tls);
        });
      });
      if (signal.aborted) cutShort();
    });
}

function missing({ connectUs, pretransferUs, firstByteUs }: Record<string, number | null>): string {
  if (connectUs === null) return "no connection";
  if (pretransferUs === null) return "no TLS handshake";
  return firstByteUs === null ? "no first byte" : "response not whole";
}

function short(text: string | readonly string[] = ""): string {
  return String(text).slice(0, LONGEST_TEXT);
}
