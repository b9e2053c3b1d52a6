import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Forwarder, startForwarder } from "../../../deploy/lab/forwarder.js";
import { createListenerFactory } from "../../../deploy/lab/listeners.js";
import type { HandshakeRow } from "../../../shared/batch/rows.js";
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { createNamespaces } from "../wire/namespaces.js";

const AGENT = "px8-agent";
const BOX = "px8-box";
const HOST = "px8-host";
const PROGRAM = "dist/agent/main.js";
const RULE_FILE = "deploy/nft/parallax-handshake.nft";

/** What `verify --json` prints: keys and bytes are text. */
export type PrintedRow = Omit<HandshakeRow, "target" | "responder" | "receiverKey" | "options"> & {
  readonly target: string;
};

/** An agent, a box between two links, and a host: port 80 speaks MPTCP, 81 TCP; 82 speaks MPTCP, nobody accepts. */
export interface VerifyLab {
  /** Runs `parallax-agent verify --json` with `rule` at work in the box. */
  verify(rule: PacketRule, ...args: string[]): Promise<PrintedRow[]>;
  /** Runs `parallax-agent` at the agent to its end. */
  run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  loadRule(): void;
  atHost(command: string): string;
  destroy(): void;
}

export function createVerifyLab(): VerifyLab {
  const namespaces = createNamespaces([AGENT, BOX, HOST]);
  const inside = (namespace: string, command: string): void => namespaces.run(namespace, command);
  for (const name of [AGENT, BOX, HOST]) {
    inside(name, "ip link set lo up");
    inside(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
  }
  inside(BOX, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  const links = [
    [AGENT, "up0", "near", "192.0.2.1/24", "2001:db8:7::1/64"],
    [HOST, "down0", "far", "192.0.2.2/24", "2001:db8:7::2/64"],
  ] as const;
  for (const [namespace, dev, boxEnd, ipv4, ipv6] of links) {
    inside(namespace, `ip link add ${dev} type veth peer name ${boxEnd} netns ${BOX}`);
    inside(namespace, `ip address add ${ipv4} dev ${dev}`);
    inside(namespace, `ip address add ${ipv6} dev ${dev} nodad`);
    // The box copies frames as they are: checksums must be whole.
    inside(namespace, `ethtool -K ${dev} tx off gso off tso off`);
    inside(namespace, `ip link set ${dev} up`);
    inside(BOX, `ip link set ${boxEnd} up`);
  }
  inside(AGENT, "ip route add default via 192.0.2.2");
  inside(AGENT, "ip -6 route add default via 2001:db8:7::2");
  inside(HOST, "ip route add local 198.18.0.0/16 dev lo");
  inside(HOST, "ip -6 route add local 2001:2:0:1::/64 dev lo");

  const listener = createListenerFactory();
  const servers: Server[] = [];
  const idle: number[] = [];
  for (const address of ["0.0.0.0", "::"]) {
    for (const [port, protocol] of [
      [80, "mptcp"],
      [81, "tcp"],
    ] as const) {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => socket.write("HTTP/1.0 200 OK\r\n\r\n"));
      });
      server.listen({ fd: listener({ namespace: HOST, protocol, address, port }) });
      servers.push(server);
    }
    idle.push(listener({ namespace: HOST, protocol: "mptcp", address, port: 82 }));
  }
  const folder = mkdtempSync(join(tmpdir(), "parallax-verify-"));
  const config = join(folder, "agent.yaml");
  writeFileSync(config, 'open: [198.18.0.0/15, "2001:2::/48"]\n');

  const run: VerifyLab["run"] = (...args) =>
    new Promise((resolve, reject) => {
      const child = spawn("ip", ["netns", "exec", AGENT, process.execPath, PROGRAM, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
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

  return {
    run,
    async verify(rule, ...args) {
      let forwarder: Forwarder | null = null;
      try {
        forwarder = namespaces.inside(BOX, () => startForwarder("near", "far", rule));
        const ended = await run("verify", "--config", config, "--json", "--window", "400", "--retries", "1", ...args);
        if (ended.code !== 0) throw new Error(ended.stderr);
        return ended.stdout
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as PrintedRow)
          .sort((a, b) => a.target.localeCompare(b.target) || a.port - b.port);
      } finally {
        forwarder?.close();
      }
    },
    loadRule: () => inside(AGENT, `nft -f ${RULE_FILE}`),
    atHost: (command) => execFileSync("ip", ["netns", "exec", HOST, ...command.split(" ")], { encoding: "utf8" }),
    destroy() {
      for (const server of servers) server.close();
      for (const fd of idle) closeSync(fd);
      namespaces.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}
