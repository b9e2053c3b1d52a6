import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createNamespaces, type Namespaces } from "../wire/namespaces.js";

const SCANNER = "px7-scanner";
const HOSTS = "px7-hosts";
const PROGRAM = [process.execPath, "dist/agent/main.js"];

/** A scanner and, behind one router hop, 65,536 hosts of each family: port 80 speaks MPTCP, all others refuse. */
export interface ScanLab {
  /** Runs `parallax-agent` at the scanner to its end, behind the words of `as`, if there are any. */
  run(args: readonly string[], as?: readonly string[]): Promise<Ended>;
  /** Starts it; what it prints on standard output goes nowhere, or with `pipe` waits to be read. */
  start(args: readonly string[], stdout?: "ignore" | "pipe"): ChildProcess;
  /** Calls `work` with this process's sockets at the hosts' side. */
  atHosts<T>(work: () => Promise<T>): Promise<T>;
  /** SYNs that arrived at the hosts since the last call. */
  synsArrived(): number;
  destroy(): void;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `program` starts `parallax-agent`. */
export function createScanLab(program: readonly string[] = PROGRAM): ScanLab {
  const namespaces = createNamespaces([SCANNER, HOSTS]);
  connect(namespaces);
  namespaces.listen(HOSTS, { port: 80, mptcp: true });
  for (const tool of ["iptables", "ip6tables"]) namespaces.run(HOSTS, `${tool} -t raw -A PREROUTING -p tcp --syn`);
  const command = (args: readonly string[], as: readonly string[] = []): string[] => [
    "netns",
    "exec",
    SCANNER,
    ...as,
    ...program,
    ...args,
  ];

  return {
    run: (args, as) =>
      new Promise((resolve, reject) => {
        const child = spawn("ip", command(args, as), { stdio: ["ignore", "pipe", "pipe"] });
        let [stdout, stderr] = ["", ""];
        child.stdout.on("data", (data) => {
          stdout += String(data);
        });
        child.stderr.on("data", (data) => {
          stderr += String(data);
        });
        child.on("error", reject);
        child.on("close", (code) => resolve({ code, stdout, stderr }));
      }),
    start: (args, stdout = "ignore") => spawn("ip", command(args), { stdio: ["ignore", stdout, "ignore"] }),
    atHosts: (work) => namespaces.insideAsync(HOSTS, work),
    synsArrived() {
      let packets = 0;
      for (const tool of ["iptables", "ip6tables"]) {
        const list = ["netns", "exec", HOSTS, tool, "-t", "raw", "-L", "PREROUTING", "-Z", "-v", "-x", "-n"];
        const [, , rule = ""] = execFileSync("ip", list, { encoding: "utf8" }).split("\n");
        packets += Number(rule.trim().split(/\s+/)[0]);
      }
      return packets;
    },
    destroy: () => namespaces.destroy(),
  };
}

function connect(namespaces: Namespaces): void {
  for (const name of [SCANNER, HOSTS]) {
    namespaces.run(name, "ip link set lo up");
    namespaces.run(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
  }
  namespaces.run(SCANNER, `ip link add up0 type veth peer name down0 netns ${HOSTS}`);
  const ends = [
    [SCANNER, "up0", "192.0.2.1/24", "2001:db8:7::1/64"],
    [HOSTS, "down0", "192.0.2.2/24", "2001:db8:7::2/64"],
  ] as const;
  for (const [namespace, dev, ipv4, ipv6] of ends) {
    namespaces.run(namespace, `ip address add ${ipv4} dev ${dev}`);
    namespaces.run(namespace, `ip address add ${ipv6} dev ${dev} nodad`);
    namespaces.run(namespace, `ip link set ${dev} up`);
  }
  namespaces.run(SCANNER, "ip route add default via 192.0.2.2");
  namespaces.run(SCANNER, "ip -6 route add default via 2001:db8:7::2");
  namespaces.run(HOSTS, "ip route add local 198.18.0.0/16 dev lo");
  namespaces.run(HOSTS, "ip -6 route add local 2001:2:0:1::/64 dev lo");
}
