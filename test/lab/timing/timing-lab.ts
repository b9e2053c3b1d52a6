import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentIdentity, writeIdentity } from "../../../agent/identity/identity.js";
import { type Delay, startForwarder } from "../../../deploy/lab/forwarder.js";
import { createListenerFactory } from "../../../deploy/lab/listeners.js";
import type { WebTimingRow } from "../../../shared/batch/rows.js";
import { createNamespaces } from "../wire/namespaces.js";
import { startRelay } from "../wire/relay.js";
import { selfSigned } from "./self-signed.js";

const AGENT = "px10-agent";
const BOX = "px10-box";
const HOST = "px10-host";
const PROGRAM = "dist/agent/main.js";

export const PAGE = "<html>timed</html>";

/** Ports of the host; 81 is closed. All but 83 are a kernel's MPTCP. */
export const PORTS = {
  http: 80,
  closed: 81,
  silent: 82,
  tcpOnly: 83,
  endless: 84,
  redirect: 85,
  forbidden: 86,
  banner: 87,
  brokenRobots: 88,
  cutOff: 89,
  https: 443,
} as const;

/** What `time --json` prints. */
export type PrintedRow = Omit<WebTimingRow, "target"> & { readonly target: string };

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An agent, a box that holds packets back, and web servers on real MPTCP sockets. */
export interface TimingLab {
  /** Runs `parallax-agent time` at the agent, with the box holding back as `delay` says. */
  run(delay: Delay, ...args: string[]): Promise<RunResult>;
  /** The rows of `time --json`. */
  rows(delay: Delay, ...args: string[]): Promise<PrintedRow[]>;
  /** What the host was asked: port, path and user agent; one line a request. */
  readonly asked: string[];
  /** Most connections that the host had at the same time, and the shortest time between two beginnings, in ms. */
  connections(): { readonly most: number; readonly closest: number };
  atAgent(command: string): void;
  /** The box works while `work` does; what the host is asked is counted from here on. */
  during(delay: Delay, work: () => Promise<void>): Promise<void>;
  /** Runs `parallax-agent run` with a coordinator on these ports of loopback. Its log is `agent.log` in the folder. */
  startAgent(folder: string, identity: AgentIdentity): { stop(): Promise<void> };
  destroy(): Promise<void>;
}

/** `ports`: of a coordinator on loopback, which the agent's own loopback leads to. */
export async function createTimingLab(ports: readonly number[] = []): Promise<TimingLab> {
  const namespaces = createNamespaces([AGENT, BOX, HOST]);
  for (const name of [AGENT, BOX, HOST]) {
    namespaces.run(name, "ip link set lo up");
    namespaces.run(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
  }
  namespaces.run(BOX, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  for (const [namespace, dev, boxEnd, ipv4, ipv6] of [
    [AGENT, "up0", "near", "192.0.2.1/24", "2001:db8:7::1/64"],
    [HOST, "down0", "far", "192.0.2.2/24", "2001:db8:7::2/64"],
  ] as const) {
    namespaces.run(namespace, `ip link add ${dev} type veth peer name ${boxEnd} netns ${BOX}`);
    namespaces.run(namespace, `ip address add ${ipv4} dev ${dev}`);
    namespaces.run(namespace, `ip address add ${ipv6} dev ${dev} nodad`);
    // The box copies frames as they are: checksums must be whole.
    namespaces.run(namespace, `ethtool -K ${dev} tx off gso off tso off`);
    namespaces.run(namespace, `ip link set ${dev} up`);
    namespaces.run(BOX, `ip link set ${boxEnd} up`);
  }
  namespaces.run(AGENT, "ip route add default via 192.0.2.2");
  namespaces.run(AGENT, "ip -6 route add default via 2001:db8:7::2");
  namespaces.run(AGENT, "sysctl -qw net.mptcp.blackhole_timeout=0");
  namespaces.run(HOST, "ip route add local 198.18.0.0/16 dev lo");
  namespaces.run(HOST, "ip -6 route add local 2001:2:0:1::/64 dev lo");

  const asked: string[] = [];
  const begun: number[] = [];
  let [open, most] = [0, 0];
  const servers: (Server | HttpServer)[] = [];
  const listener = createListenerFactory();

  const serve = (port: number, server: Server | HttpServer): void => {
    server.on("connection", (socket: Socket) => {
      begun.push(performance.now());
      most = Math.max(most, ++open);
      socket.on("error", () => undefined);
      socket.on("close", () => open--);
    });
    server.listen({
      fd: listener({
        ...{ namespace: HOST, address: "0.0.0.0", port },
        protocol: port === PORTS.tcpOnly ? "tcp" : "mptcp",
      }),
    });
    servers.push(server);
  };
  const http = (port: number, answer: RequestListener): RequestListener => {
    const listen: RequestListener = (request, response) => {
      asked.push(`${port} ${request.url} ${request.headers["user-agent"]}`);
      answer(request, response);
    };
    return listen;
  };
  const page: RequestListener = (request, response) => {
    if (request.url === "/") response.end(PAGE);
    else response.writeHead(404).end();
  };
  const withRobots =
    (robots: string, answer: RequestListener): RequestListener =>
    (request, response) => {
      if (request.url === "/robots.txt") response.end(robots);
      else answer(request, response);
    };
  for (const port of [PORTS.http, PORTS.tcpOnly]) serve(port, createHttpServer(http(port, page)));
  const ipv6 = createHttpServer(http(PORTS.http, page));
  ipv6.listen({ fd: listener({ namespace: HOST, address: "::", port: PORTS.http, protocol: "mptcp" }) });
  servers.push(ipv6);
  const { key, certificate } = await selfSigned("timed.test");
  serve(PORTS.https, createTlsServer({ key, cert: certificate }, http(PORTS.https, page)));
  serve(
    PORTS.silent,
    createHttpServer(
      http(
        PORTS.silent,
        withRobots("User-agent: *\nDisallow: /secret", () => undefined),
      ),
    ),
  );
  serve(
    PORTS.endless,
    createHttpServer(
      http(
        PORTS.endless,
        withRobots("", (_, response) => {
          const more = (): void => {
            if (!response.destroyed && response.write("x".repeat(10_000))) setImmediate(more);
          };
          response.on("drain", more);
          more();
        }),
      ),
    ),
  );
  serve(
    PORTS.redirect,
    createHttpServer(
      http(
        PORTS.redirect,
        withRobots("", (_, response) => response.writeHead(301, { location: "http://198.18.0.9/elsewhere" }).end()),
      ),
    ),
  );
  serve(
    PORTS.forbidden,
    createHttpServer(
      http(PORTS.forbidden, withRobots("User-agent: parallax\nDisallow: /\n\nUser-agent: *\nAllow: /", page)),
    ),
  );
  serve(PORTS.brokenRobots, createHttpServer(http(PORTS.brokenRobots, (_, response) => response.writeHead(503).end())));
  serve(
    PORTS.banner,
    createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")),
  );
  serve(
    PORTS.cutOff,
    createHttpServer(
      http(
        PORTS.cutOff,
        withRobots("", (_, response) => {
          response.writeHead(200, { "content-length": "1000" });
          response.write("only this", () => response.destroy());
        }),
      ),
    ),
  );

  const folder = mkdtempSync(join(tmpdir(), "parallax-timing-"));
  const config = join(folder, "agent.yaml");
  writeFileSync(config, 'open: [198.18.0.0/15, "2001:2::/48"]\n');

  const start = (args: readonly string[]): Promise<RunResult> =>
    new Promise((resolve, reject) => {
      const child = spawn(
        "ip",
        ["netns", "exec", AGENT, process.execPath, PROGRAM, "time", "--config", config, ...args],
        {
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (data) => {
        stdout += String(data);
      });
      child.stderr.on("data", (data) => {
        stderr += String(data);
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  const during = async <T>(delay: Delay, work: () => Promise<T>): Promise<T> => {
    asked.length = 0;
    begun.length = 0;
    most = 0;
    const forwarder = namespaces.inside(BOX, () => startForwarder("near", "far", (packet) => packet, delay));
    try {
      return await work();
    } finally {
      forwarder.close();
    }
  };
  const run: TimingLab["run"] = (delay, ...args) => during(delay, () => start(args));
  const relays = ports.map((port) =>
    startRelay(listener({ namespace: AGENT, protocol: "tcp", address: "127.0.0.1", port }), port),
  );
  const running = new Set<ChildProcess>();

  return {
    run,
    async rows(delay, ...args) {
      const { code, stdout, stderr } = await run(delay, "--json", ...args);
      if (code !== 0) throw new Error(stderr);
      return stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as PrintedRow);
    },
    asked,
    connections: () => ({
      most,
      closest: Math.min(...begun.slice(1).map((at, i) => at - (begun[i] ?? 0))),
    }),
    during,
    startAgent(home, identity) {
      mkdirSync(home, { recursive: true });
      writeIdentity(join(home, "identity"), identity);
      const lines = [
        ...["identity: identity", "interface: up0", "driver: packet", "caps: { packetsPerSecond: 1000 }"],
        ...["spool: { folder: spool, maxBytes: 67108864 }", "open: [198.18.0.0/15]"],
      ];
      writeFileSync(join(home, "agent.yaml"), `${lines.join("\n")}\n`);
      const log = openSync(join(home, "agent.log"), "a");
      const command = ["netns", "exec", AGENT, process.execPath, PROGRAM, "run", "--config", join(home, "agent.yaml")];
      const child = spawn("ip", command, { stdio: ["ignore", log, log] });
      closeSync(log);
      running.add(child);
      return {
        async stop() {
          running.delete(child);
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill("SIGTERM");
          await once(child, "exit");
        },
      };
    },
    atAgent: (command) => namespaces.run(AGENT, command),
    async destroy() {
      for (const child of running) child.kill("SIGKILL");
      for (const relay of relays) relay.close();
      for (const server of servers) {
        if ("closeAllConnections" in server) server.closeAllConnections();
        server.close();
      }
      namespaces.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}
