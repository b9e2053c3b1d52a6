import { randomBytes } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** `host:port` by the name of the service. */
export type Ports = Readonly<Record<string, string>>;

const CONNECTIONS_AT_A_TIME = 8;
const LONGEST_MS = 1_000;
const LARGEST_BYTES = 65_536;

/** What a program says that takes a port for another's. */
const GREETINGS: Readonly<Record<string, Buffer>> = {
  "HTTP/1": Buffer.from("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
  "a long HTTP/1 header": Buffer.from(`GET / HTTP/1.1\r\nX: ${"a".repeat(60_000)}`),
  "gRPC in plain text": Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.alloc(9 * 50)]),
  NATS: Buffer.from('CONNECT {"verbose":true,"jwt":"x"}\r\nPUB parallax.rows.a.b.c 3\r\nabc\r\nPING\r\n'),
  "a long NATS line": Buffer.from(`SUB ${"a".repeat(60_000)}`),
  SSH: Buffer.from("SSH-2.0-OpenSSH_9.7\r\n"),
  "half a TLS hello": Buffer.from("16030100c8010000c40303", "hex"),
  nothing: Buffer.alloc(0),
};

/** How often what was tried, by service and protocol. */
export type Attempts = Map<string, number>;

/**
 * Sends random bytes and wrong protocols to all ports, over TCP and over TLS without a certificate, for so many seconds.
 * Resolves with what was tried; what the ports answer is not looked at.
 */
export async function strangers(ports: Ports, seconds: number): Promise<Attempts> {
  const attempts: Attempts = new Map();
  const until = Date.now() + seconds * 1_000;
  const worker = async (start: number): Promise<void> => {
    for (let i = start; Date.now() < until; i += CONNECTIONS_AT_A_TIME) {
      const services = Object.entries(ports);
      const [service, address] = services[i % services.length] ?? ["", ""];
      const secure = Math.random() < 0.4;
      const [protocol, bytes] = somethingToSay();
      const what = `${service}: ${protocol}${secure ? " over TLS" : ""}`;
      attempts.set(what, (attempts.get(what) ?? 0) + 1);
      await say(address, bytes, secure);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS_AT_A_TIME }, (_, i) => worker(i)));
  return attempts;
}

function somethingToSay(): [string, Buffer] {
  if (Math.random() < 0.4) return ["random bytes", randomBytes(Math.floor(Math.random() * LARGEST_BYTES))];
  const greetings = Object.entries(GREETINGS);
  return greetings[Math.floor(Math.random() * greetings.length)] ?? ["nothing", Buffer.alloc(0)];
}

/** One connection; over when the other side ends it, or after a while. */
function say(address: string, bytes: Buffer, secure: boolean): Promise<void> {
  const [host, port] = address.split(":");
  const where = { host: host ?? "", port: Number(port) };
  return new Promise((resolve) => {
    const socket: Socket = secure
      ? connectTls({ ...where, rejectUnauthorized: false, ALPNProtocols: Math.random() < 0.5 ? ["h2"] : ["http/1.1"] })
      : connectPlain(where);
    const timer = setTimeout(() => socket.destroy(), Math.random() * LONGEST_MS);
    // Being refused is what strangers are there for.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once(secure ? "secureConnect" : "connect", () => {
      socket.write(bytes);
      if (Math.random() < 0.3) socket.end();
    });
    socket.resume();
  });
}
