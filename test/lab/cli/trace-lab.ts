import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { createNamespaces, type Namespaces } from "../wire/namespaces.js";
import type { Ended } from "./scan-lab.js";

const VANTAGE = "px6-vantage";
const ROUTERS = ["px6-router1", "px6-router2"] as const;
const HOSTS = "px6-hosts";
const PROGRAM = "dist/agent/main.js";

/**
 * A vantage point, two routers, and behind them hosts of both families that speak MPTCP on port 80. The first router
 * overwrites MP_CAPABLE with NOPs in what it passes on.
 */
export interface TraceLab {
  /** Runs `parallax-agent` at the vantage point to its end. */
  run(args: readonly string[]): Promise<Ended>;
  /** Runs another tool there; what it prints. */
  other(program: string, args: readonly string[]): string;
  /** Starts tcpdump at the other end of the vantage point's cable; the result ends it. */
  capture(file: string): Promise<() => Promise<void>>;
  destroy(): void;
}

export function createTraceLab(): TraceLab {
  const namespaces = createNamespaces([VANTAGE, ...ROUTERS, HOSTS]);
  connect(namespaces);
  namespaces.listen(HOSTS, { port: 80, mptcp: true });
  return {
    async run(args) {
      const child = spawn("ip", ["netns", "exec", VANTAGE, process.execPath, PROGRAM, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (data) => {
        stdout += String(data);
      });
      child.stderr.on("data", (data) => {
        stderr += String(data);
      });
      const [code] = (await once(child, "close")) as [number | null];
      return { code, stdout, stderr };
    },
    other: (program, args) =>
      execFileSync("ip", ["netns", "exec", VANTAGE, program, ...args], { encoding: "utf8", timeout: 30_000 }),
    async capture(file) {
      const line = [
        "netns",
        "exec",
        ROUTERS[0],
        "tcpdump",
        "-Z",
        "root",
        "-U",
        "--immediate-mode",
        "-i",
        "down0",
        "-w",
        file,
      ];
      const tcpdump = spawn("ip", line, { stdio: ["ignore", "ignore", "pipe"] });
      const ended = once(tcpdump, "close");
      await once(tcpdump.stderr, "data");
      await pause(300);
      return async () => {
        await pause(300);
        tcpdump.kill("SIGINT");
        await ended;
      };
    },
    destroy: () => namespaces.destroy(),
  };
}

function connect(namespaces: Namespaces): void {
  const nodes = [VANTAGE, ...ROUTERS, HOSTS];
  for (const name of nodes) {
    namespaces.run(name, "ip link set lo up");
    namespaces.run(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
    namespaces.run(name, "sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    namespaces.run(name, "sysctl -qw net.ipv6.icmp.ratelimit=0");
  }
  const cables = [
    ["192.0.2", "2001:db8:61:"],
    ["198.51.100", "2001:db8:62:"],
    ["203.0.113", "2001:db8:63:"],
  ] as const;
  for (const [i, [ipv4, ipv6]] of cables.entries()) {
    const [near = "", far = ""] = [nodes[i], nodes[i + 1]];
    namespaces.run(near, `ip link add up0 type veth peer name down0 netns ${far}`);
    for (const [name, dev, host] of [
      [near, "up0", 1],
      [far, "down0", 2],
    ] as const) {
      namespaces.run(name, `ip address add ${ipv4}.${host}/24 dev ${dev}`);
      namespaces.run(name, `ip address add ${ipv6}:${host}/64 dev ${dev} nodad`);
      // What is captured must have whole checksums, as a packet on a real cable has.
      namespaces.run(name, `ethtool -K ${dev} tx off`);
      namespaces.run(name, `ip link set ${dev} up`);
    }
    namespaces.run(near, `ip route add default via ${ipv4}.2`);
    namespaces.run(near, `ip -6 route add default via ${ipv6}:2`);
    for (const [ipv4Before, ipv6Before] of cables.slice(0, i)) {
      namespaces.run(far, `ip route add ${ipv4Before}.0/24 via ${ipv4}.1`);
      namespaces.run(far, `ip -6 route add ${ipv6Before}:/64 via ${ipv6}:1`);
    }
  }
  for (const tool of ["iptables", "ip6tables"]) {
    namespaces.run(ROUTERS[0], `${tool} -t mangle -A FORWARD -p tcp --syn -j TCPOPTSTRIP --strip-options 30`);
  }
  namespaces.run(HOSTS, "ip route add local 198.18.0.0/16 dev lo");
  namespaces.run(HOSTS, "ip -6 route add local 2001:2:0:1::/64 dev lo");
}
