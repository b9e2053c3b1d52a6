import { connect, createServer, type Server } from "node:net";

/** Carries what comes to a listening socket of another namespace to the same port of this one's loopback. */
export function startRelay(fd: number, port: number): Server {
  const server = createServer((here) => {
    const there = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen({ fd });
  return server;
}
