import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";

/** Where a relay takes connections: a Unix socket's path, or a listening descriptor made elsewhere. */
export type RelayListen = { readonly path: string } | { readonly fd: number };

export interface Relay {
  close(): Promise<void>;
}

/**
 * Carries each connection that comes in on to another place, with the sockets' own backpressure. The lab has no link to
 * the host's network: its machines reach the coordinator through two relays that meet at a Unix socket.
 */
export function createRelay(listen: RelayListen, connect: NetConnectOpts): Promise<Relay> {
  const open = new Set<Socket>();
  // Half-open: an end that is done sending may still have to be sent what waits for it.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const other = createConnection({ ...connect, allowHalfOpen: true });
    for (const end of [socket, other]) {
      open.add(end);
      end.once("close", () => open.delete(end));
    }
    carry(socket, other);
    carry(other, socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen, () => resolve({ close: () => end(server, open) }));
  });
}

/** An end that breaks breaks the other: the programs at both ends see it as a lost connection and connect again. */
function carry(from: Socket, to: Socket): void {
  pipeline(from, to).catch(() => {
    from.destroy();
    to.destroy();
  });
}

function end(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  for (const socket of open) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
