import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AgentIdentity, writeIdentity } from "../../../agent/identity/identity.js";
import { type Forwarder, startForwarder } from "../../../deploy/lab/forwarder.js";
import { createListenerFactory } from "../../../deploy/lab/listeners.js";
import type { PacketRule } from "../../../shared/middlebox/rule.js";
import { createNamespaces } from "../wire/namespaces.js";
import { startRelay } from "../wire/relay.js";

const TESTER = "px9-tester";
const BOX = "px9-box";
const ROUTER = "px9-router";
const REFERENCE = "px9-reference";
const PROGRAM = "dist/agent/main.js";

export const ROUTER_ADDRESS = "192.0.2.254";
/** An address of the machine that the reference is on. */
export const EXIT_TARGET = "198.18.0.1";

/** A vantage point, a box in front of it, a router, and the machine of another agent. */
export interface DoorstepLab {
  /** What the box does to packets; it passes everything on at first. */
  box: PacketRule;
  /** Runs `parallax-agent run` on a machine, with these lines in its file besides what every agent needs. */
  startAgent(machine: "tester" | "reference", options: AgentOptions): RunningAgent;
  destroy(): void;
}

export interface AgentOptions {
  readonly folder: string;
  readonly identity: AgentIdentity;
  readonly lines: readonly string[];
  readonly args?: readonly string[];
  /** A command that the agent is started by. */
  readonly by?: readonly string[];
}

export interface RunningAgent {
  /** Where it logs. */
  readonly logFile: string;
  stop(): Promise<void>;
}

/** `ports`: on loopback, which the machines' own loopback leads to. */
export function createDoorstepLab(ports: readonly number[]): DoorstepLab {
  const namespaces = createNamespaces([TESTER, BOX, ROUTER, REFERENCE]);
  const inside = (namespace: string, command: string): void => namespaces.run(namespace, command);
  for (const name of [TESTER, BOX, ROUTER, REFERENCE]) {
    inside(name, "ip link set lo up");
    inside(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
    inside(name, "sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratemask=");
  }
  inside(BOX, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  const links = [
    [TESTER, "up0", BOX, "near", "192.0.2.1/24", "2001:db8:7::1/64"],
    [ROUTER, "west0", BOX, "far", `${ROUTER_ADDRESS}/24`, "2001:db8:7::ff/64"],
    [REFERENCE, "up0", ROUTER, "east0", "198.51.100.2/24", "2001:db8:8::2/64"],
  ] as const;
  for (const [namespace, dev, other, otherDev, ipv4, ipv6] of links) {
    inside(namespace, `ip link add ${dev} type veth peer name ${otherDev} netns ${other}`);
    inside(namespace, `ip address add ${ipv4} dev ${dev}`);
    inside(namespace, `ip address add ${ipv6} dev ${dev} nodad`);
    // The box copies frames as they are: checksums must be whole.
    inside(namespace, `ethtool -K ${dev} tx off gso off tso off`);
    inside(namespace, `ip link set ${dev} up`);
    inside(other, `ip link set ${otherDev} up`);
  }
  inside(ROUTER, "ip address add 198.51.100.254/24 dev east0");
  inside(ROUTER, "ip address add 2001:db8:8::ff/64 dev east0 nodad");
  inside(ROUTER, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  inside(ROUTER, "ip route add 198.18.0.0/16 via 198.51.100.2");
  inside(TESTER, `ip route add default via ${ROUTER_ADDRESS}`);
  inside(TESTER, "ip -6 route add default via 2001:db8:7::ff");
  inside(REFERENCE, "ip route add default via 198.51.100.254");
  inside(REFERENCE, "ip -6 route add default via 2001:db8:8::ff");
  inside(REFERENCE, "ip route add local 198.18.0.0/16 dev lo");

  const listener = createListenerFactory();
  const relays = [TESTER, REFERENCE].flatMap((namespace) =>
    ports.map((port) => startRelay(listener({ namespace, protocol: "tcp", address: "127.0.0.1", port }), port)),
  );
  let rule: PacketRule = (packet) => packet;
  const forwarder: Forwarder = namespaces.inside(BOX, () =>
    startForwarder("near", "far", (packet, direction, aside) => rule(packet, direction, aside)),
  );
  const running = new Set<ChildProcess>();

  return {
    get box() {
      return rule;
    },
    set box(next) {
      rule = next;
    },
    startAgent(machine, { folder, identity, lines, args = [], by = [] }) {
      mkdirSync(folder, { recursive: true });
      writeIdentity(join(folder, "identity"), identity);
      const config = join(folder, "agent.yaml");
      const common = [
        ...["identity: identity", "interface: up0", "caps: { packetsPerSecond: 1000 }"],
        ...["spool: { folder: spool, maxBytes: 67108864 }", 'open: [198.18.0.0/15, 198.51.100.0/24, "2001:db8::/32"]'],
      ];
      writeFileSync(config, `${[...common, ...lines].join("\n")}\n`);
      const logFile = join(folder, "agent.log");
      const log = openSync(logFile, "a");
      const namespace = machine === "tester" ? TESTER : REFERENCE;
      const command = [
        "netns",
        "exec",
        namespace,
        ...by,
        process.execPath,
        PROGRAM,
        "run",
        "--config",
        config,
        ...args,
      ];
      const child = spawn("ip", command, { stdio: ["ignore", log, log] });
      closeSync(log);
      running.add(child);
      return {
        logFile,
        async stop() {
          running.delete(child);
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill("SIGTERM");
          await once(child, "exit");
        },
      };
    },
    destroy() {
      for (const child of running) child.kill("SIGKILL");
      forwarder.close();
      for (const relay of relays) relay.close();
      namespaces.destroy();
    },
  };
}
