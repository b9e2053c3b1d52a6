import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { type Server, ServerCredentials } from "@grpc/grpc-js";
import { UserError } from "../../shared/errors.js";
import { HANDSHAKE, remoteAddress, reportHandshakes } from "../identity/handshake.js";
import type { RefusalLog } from "../identity/refusal-log.js";

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
    ...HANDSHAKE,
  });
  tls.maxConnections = MOST_CONNECTIONS;
  tls.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // What is sent to somebody who has gone is lost; the layer above sees it as closed.
    socket.on("error", () => socket.destroy());
  });
  reportHandshakes(tls, what, refused);
  tls.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol !== "h2") {
      refused(what, remoteAddress(socket), "does not speak HTTP/2");
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
