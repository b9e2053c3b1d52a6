import { randomBytes } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** `host:port` by the name of the service. */
export type Ports = Readonly<Record<string, string>>;

const CONNECTIONS_AT_A_TIME = 8;
const LONGEST_MS = 1_000;
const LARGEST_BYTES = 65_536;
/** Of an answer. */
const KEPT_BYTES = 64;

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

/** What strangers tried and heard. */
export interface Outcome {
  /** How often, by service and protocol. */
  readonly attempts: Map<string, number>;
  /** Answers by service: over TCP as they are, over TLS what was inside. */
  readonly answers: Map<string, { readonly secure: boolean; readonly bytes: Buffer }[]>;
}

/**
 * Sends random bytes and wrong protocols to all ports, over TCP and over TLS without a certificate, for so many seconds.
 */
export async function strangers(ports: Ports, seconds: number): Promise<Outcome> {
  const attempts = new Map<string, number>();
  const answers: Outcome["answers"] = new Map(Object.keys(ports).map((service) => [service, []]));
  const until = Date.now() + seconds * 1_000;
  const worker = async (start: number): Promise<void> => {
    for (let i = start; Date.now() < until; i += CONNECTIONS_AT_A_TIME) {
      const services = Object.entries(ports);
      const [service, address] = services[i % services.length] ?? ["", ""];
      const secure = Math.random() < 0.4;
      const [protocol, bytes] = somethingToSay();
      const what = `${service}: ${protocol}${secure ? " over TLS" : ""}`;
      attempts.set(what, (attempts.get(what) ?? 0) + 1);
      const answer = await say(address, bytes, secure);
      if (answer.length > 0) answers.get(service)?.push({ secure, bytes: answer });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS_AT_A_TIME }, (_, i) => worker(i)));
  return { attempts, answers };
}

function somethingToSay(): [string, Buffer] {
  if (Math.random() < 0.4) return ["random bytes", randomBytes(Math.floor(Math.random() * LARGEST_BYTES))];
  const greetings = Object.entries(GREETINGS);
  return greetings[Math.floor(Math.random() * greetings.length)] ?? ["nothing", Buffer.alloc(0)];
}

/** One connection; over when the other side ends it, or after a while. Resolves with the beginning of its answer. */
function say(address: string, bytes: Buffer, secure: boolean): Promise<Buffer> {
  const [host, port] = address.split(":");
  const where = { host: host ?? "", port: Number(port) };
  let answer: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    const socket: Socket = secure
      ? connectTls({ ...where, rejectUnauthorized: false, ALPNProtocols: Math.random() < 0.5 ? ["h2"] : ["http/1.1"] })
      : connectPlain(where);
    const timer = setTimeout(() => socket.destroy(), Math.random() * LONGEST_MS);
    // Being refused is what strangers are there for.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.once(secure ? "secureConnect" : "connect", () => {
      socket.write(bytes);
      if (Math.random() < 0.3) socket.end();
    });
    socket.on("data", (chunk: Buffer) => {
      if (answer.length < KEPT_BYTES) answer = Buffer.concat([answer, chunk]);
    });
  });
}
