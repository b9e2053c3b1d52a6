import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { type Server, ServerCredentials } from "@grpc/grpc-js";
import { UserError } from "../../shared/errors.js";
import type { RefusalLog } from "../identity/refusal-log.js";

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections of one port at a time: agents have one each, strangers wait. */
const MOST_CONNECTIONS = 20_000;

export interface TlsPortOptions {
  /** Names the port in the log. */
  readonly what: string;
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Option of `parallax up` that chooses the port. */
  readonly option: string;
  /** PEM: our key, and our certificate with the authority's behind it. */
  readonly key: string;
  readonly certificate: string;
  /** PEM of the authority that clients' certificates must be of; null: clients need none. */
  readonly clients: string | null;
  readonly refused: RefusalLog;
}

export interface TlsPort {
  readonly port: number;
  /** Closes the port and every connection. */
  stop(): Promise<void>;
}

/**
 * Opens a TLS port and gives each connection that gets through its handshake to a gRPC server. grpc-js would open it
 * itself, but says nothing of who does not get through, and why.
 * @throws UserError when the port cannot be opened
 */
export async function openTlsPort(server: Server, options: TlsPortOptions): Promise<TlsPort> {
  const { what, clients, refused } = options;
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const tls = createServer({
    key: options.key,
    cert: options.certificate,
    ...(clients === null ? {} : { ca: clients, requestCert: true, rejectUnauthorized: true }),
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.3",
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  tls.maxConnections = MOST_CONNECTIONS;
  tls.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // What is sent to somebody who has gone is lost; the layer above sees it as closed.
    socket.on("error", () => socket.destroy());
  });
  tls.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    refused(what, socket.remoteAddress ?? "somebody who has gone", reasonOf(error));
    socket.destroy();
  });
  tls.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol !== "h2") {
      refused(what, socket.remoteAddress ?? "somebody who has gone", "does not speak HTTP/2");
      socket.destroy();
      return;
    }
    socket.on("error", () => socket.destroy());
    injector.injectConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    tls.once("error", (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === "EADDRINUSE" ? "it is in use" : cause.message;
      reject(
        new UserError(`cannot listen for ${what} on ${options.host}:${options.port}: ${reason}`, {
          remedy: `choose another port with ${options.option}, or stop what uses it`,
          cause,
        }),
      );
    });
    tls.listen({ host: options.host, port: options.port }, () => resolve());
  });
  return {
    port: (tls.address() as AddressInfo).port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => tls.close(() => resolve()));
      injector.destroy();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A word for what OpenSSL says of a handshake. */
function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid yet: one of the two clocks is wrong";
    case "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE":
      return "it has no certificate";
    case "ERR_SSL_HTTP_REQUEST":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_UNEXPECTED_MESSAGE":
    case "ERR_SSL_UNSUPPORTED_PROTOCOL":
      return "it does not speak TLS 1.3";
    default:
      return code?.startsWith("ERR_SSL_") ? `its handshake failed (${code})` : (code ?? message);
  }
}
