import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { UserError } from "../../shared/errors.js";
import { HANDSHAKE, remoteAddress, reportHandshakes } from "../identity/handshake.js";
import { type Holder, holderOf } from "../identity/holder.js";
import type { OperatorDesk } from "../identity/operators.js";
import type { RefusalLog } from "../identity/refusal-log.js";
import type { ServerTls } from "../session/server.js";
import { type Gate, isLoopbackHost } from "./gate.js";

/** The API's listener for operators elsewhere: TLS, and a certificate from everybody. */
export interface OperatorPort {
  readonly gate: Gate;
  /** Makes the server; called once. */
  serve(handler: RequestListener): Server;
  close(): void;
}

export interface OperatorPortOptions {
  readonly tls: ServerTls;
  readonly desk: Pick<OperatorDesk, "admit" | "onChange">;
  /** Names and addresses of this machine. */
  readonly names: readonly string[];
  readonly refused: RefusalLog;
}

const WHERE = "operators";
const MOST_CONNECTIONS = 1_000;
/** How often connections are looked at for certificates that have expired. */
const EXPIRY_LOOK_MS = 30_000;

export function createOperatorPort({ tls, desk, names, refused }: OperatorPortOptions): OperatorPort {
  const hosts = new Set(names.map(hostText));
  const open = new Map<Socket, Holder>();

  const holderAt = (socket: Socket): Holder => {
    const known = open.get(socket);
    if (known !== undefined) return known;
    const raw = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : undefined;
    if (raw === undefined) {
      throw new UserError("the connection has no certificate", { remedy: "connect anew with an operator's" });
    }
    const holder = holderOf(raw);
    open.set(socket, holder);
    socket.once("close", () => open.delete(socket));
    return holder;
  };

  /** Ends connections whose operator is not let in any more, with whatever they are in the middle of. */
  const recheck = (concerned: (holder: Holder) => boolean): void => {
    for (const [socket, holder] of open) {
      if (!concerned(holder)) continue;
      try {
        desk.admit(holder);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        refused(WHERE, remoteAddress(socket), error.message);
        socket.destroy();
      }
    }
  };
  desk.onChange((name) => recheck((holder) => holder.name === name));
  const expiry = setInterval(() => recheck(() => true), EXPIRY_LOOK_MS);

  return {
    gate: {
      where: WHERE,
      status: 403,
      isOpen: () => false,
      // No page has a name that is an address: what a connection came to is this machine.
      isOwnHost: (host, socket) =>
        hosts.has(host) ||
        isLoopbackHost(host) ||
        host === hostText(socket.localAddress?.replace(/^::ffff:/, "") ?? ""),
      admit: ({ socket }) => {
        const { name, role } = desk.admit(holderAt(socket));
        return { name, role };
      },
    },
    serve(handler) {
      const server = createServer(
        {
          key: tls.key,
          cert: tls.certificate,
          ca: tls.authority,
          requestCert: true,
          rejectUnauthorized: true,
          ...HANDSHAKE,
        },
        handler,
      );
      server.maxConnections = MOST_CONNECTIONS;
      // Hitlists and watched campaigns take as long as they take.
      server.requestTimeout = 0;
      reportHandshakes(server, WHERE, refused);
      return server;
    },
    close: () => clearInterval(expiry),
  };
}

/** A host as a URL has it. */
export function hostText(host: string): string {
  return host.includes(":") ? `[${host}]` : host.toLowerCase();
}
