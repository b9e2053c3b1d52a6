import { createConnection, createServer, type Socket } from "node:net";

/** A TCP link that can be cut: new connections are refused, or everything stands still with the sockets open. */
export interface Relay {
  readonly port: number;
  /** Ends every connection with a reset and takes no new one. */
  cut(): void;
  /** Nothing goes through any more, and nobody is told. */
  freeze(): void;
  mend(): void;
  close(): void;
}

export async function startRelay(toPort: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: "open" | "cut" | "frozen" = "open";
  const server = createServer((near) => {
    if (state === "cut") {
      near.resetAndDestroy();
      return;
    }
    const far = createConnection(toPort, "127.0.0.1");
    const pair = [near, far] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", end).on("close", end);
      from.pipe(to);
      if (state === "frozen") from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cut() {
      state = "cut";
      for (const [near, far] of pairs) {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
    },
    freeze() {
      state = "frozen";
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    mend() {
      state = "open";
      for (const pair of pairs) for (const socket of pair) socket.resume();
    },
    close: () => {
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
  };
}
