import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createRelay, type Relay } from "../../../deploy/lab/relay.js";

const BYTES = 4 << 20;

let folder: string;
let server: Server;
let relays: Relay[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "relay-"));
  relays = [];
});

afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.close()));
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Two relays that meet at a Unix socket, as between the lab and the host; resolves with the path to connect to. */
async function chain(port: number): Promise<string> {
  const [middle, end] = [join(folder, "middle.sock"), join(folder, "end.sock")];
  relays.push(await createRelay({ path: middle }, { host: "127.0.0.1", port }));
  relays.push(await createRelay({ path: end }, { path: middle }));
  return end;
}

async function listen(): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Bytes that come before the connection closes, taken a little at a time. */
function readSlowly(path: string): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    const client = connect(path);
    client.on("data", (chunk) => {
      bytes += chunk.length;
      client.pause();
      setTimeout(() => client.resume(), 1);
    });
    client.on("error", () => undefined);
    client.on("close", () => resolve(bytes));
  });
}

describe("a chain of relays", () => {
  it("delivers everything to a slow reader though the sender has closed long before", async () => {
    const content = Buffer.alloc(BYTES, 7);
    server = createServer((socket) => socket.resume().end(content));
    const path = await chain(await listen());
    const got = [];
    for (let i = 0; i < 20; i++) got.push(await readSlowly(path));
    expect(got).toEqual(Array(20).fill(BYTES));
  }, 60_000);

  it("delivers the answer to a request whose sender has said that it is done", async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      let bytes = 0;
      socket.on("data", (chunk) => {
        bytes += chunk.length;
      });
      socket.on("end", () => socket.end(String(bytes)));
    });
    const client = connect({ path: await chain(await listen()), allowHalfOpen: true });
    client.end(Buffer.alloc(BYTES));
    let answer = "";
    for await (const chunk of client) answer += chunk;
    expect(answer).toBe(String(BYTES));
  });

  it("closes a connection that leads nowhere", async () => {
    server = createServer();
    const port = await listen();
    server.close();
    await once(server, "close");
    expect(await readSlowly(await chain(port))).toBe(0);
  });

  it("closes with connections open", async () => {
    server = createServer((socket) => socket.on("error", () => undefined));
    const client = connect(await chain(await listen()));
    client.on("error", () => undefined);
    await once(client, "connect");
    const closed = once(client, "close");
    await Promise.all(relays.map((relay) => relay.close()));
    relays = [];
    await closed;
  });
});
