import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { startForwarder } from "../../../deploy/lab/forwarder.js";
import { createListenerFactory } from "../../../deploy/lab/listeners.js";
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { createNamespaces } from "../wire/namespaces.js";
import { type Decoded, readWithParallax } from "./decoded.js";
import { dialMptcp } from "./dial.js";

const CLIENT = "px9-client";
const BOX = "px9-box";
const SERVER = "px9-server";

/** Two addresses of each family on either side. */
export const ADDRESSES = {
  4: { client: ["192.0.2.1", "192.0.2.3"], server: ["192.0.2.2", "192.0.2.4"] },
  6: { client: ["2001:db8:9::1", "2001:db8:9::3"], server: ["2001:db8:9::2", "2001:db8:9::4"] },
} as const;

const PORT = 80;
export const SECOND_PORT = 8080;

/** Two Linux kernels that speak MPTCP v1, and a box between them. A capture is taken at the client. */
export interface MptcpLab {
  client(command: string): void;
  server(command: string): void;
  /** A connection from the client whose every byte comes back. */
  dial(address: string): Socket;
  /** Waits until the capture holds `count` options that fit; gives up after 3 seconds, which the test then shows. */
  until(fits: (option: Decoded) => boolean, count?: number): Promise<void>;
  /** Ends the capture. */
  finish(): Promise<void>;
  destroy(): void;
}

/** `rule` is at work in the box; `file` is what tcpdump writes. */
export async function createMptcpLab(file: string, rule: PacketRule): Promise<MptcpLab> {
  const namespaces = createNamespaces([CLIENT, BOX, SERVER]);
  const inside = (namespace: string, command: string): void => namespaces.run(namespace, command);
  connect(inside);
  const forwarder = namespaces.inside(BOX, () => startForwarder("near", "far", rule));
  const listener = createListenerFactory();
  const sockets: Socket[] = [];
  const servers: Server[] = ["0.0.0.0", "::"].map((address) => {
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    return server.listen({ fd: listener({ namespace: SERVER, protocol: "mptcp", address, port: PORT }) });
  });
  const args = ["netns", "exec", CLIENT, "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-i", "up0", "-w", file];
  const capture = spawn("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(capture, "close");
  await once(capture.stderr, "data");
  await pause(300);

  return {
    client: (command) => inside(CLIENT, command),
    server: (command) => inside(SERVER, command),
    dial(address) {
      const socket = namespaces.inside(CLIENT, () => dialMptcp(address, PORT));
      sockets.push(socket);
      return socket;
    },
    async until(fits, count = 1) {
      for (let tries = 0; tries < 30; tries++) {
        await pause(100);
        if (optionsSoFar(file).filter(fits).length >= count) return;
      }
    },
    async finish() {
      await pause(300);
      capture.kill("SIGINT");
      await ended;
    },
    destroy() {
      capture.kill("SIGKILL");
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
      forwarder.close();
      namespaces.destroy();
    },
  };
}

/** The last record of a file that grows may be cut. */
function optionsSoFar(file: string): Decoded[] {
  try {
    return readWithParallax(file).flatMap(({ options }) => options);
  } catch {
    return [];
  }
}

function connect(inside: (namespace: string, command: string) => void): void {
  for (const name of [CLIENT, BOX, SERVER]) {
    inside(name, "ip link set lo up");
    inside(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
  }
  inside(BOX, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  for (const [namespace, dev, boxEnd, side] of [
    [CLIENT, "up0", "near", "client"],
    [SERVER, "down0", "far", "server"],
  ] as const) {
    inside(namespace, "sysctl -qw net.mptcp.enabled=1");
    inside(namespace, `ip link add ${dev} type veth peer name ${boxEnd} netns ${BOX}`);
    for (const address of ADDRESSES[4][side]) inside(namespace, `ip address add ${address}/24 dev ${dev}`);
    for (const address of ADDRESSES[6][side]) inside(namespace, `ip address add ${address}/64 dev ${dev} nodad`);
    // The box copies frames as they are: checksums must be whole, and no frame longer than the link takes.
    inside(namespace, `ethtool -K ${dev} tx off gso off tso off`);
    inside(namespace, `ip link set ${dev} up`);
    inside(BOX, `ip link set ${boxEnd} up`);
    inside(namespace, "ip mptcp limits set subflows 8 add_addr_accepted 8");
  }
}
