import { execFileSync } from "node:child_process";
import { commandIn } from "./network.js";

/** A row of network namespaces: who traces, routers, and one that has all addresses of 198.18.0.0/15. */
export interface BenchChain {
  /** Namespace that traces, its interface and its address. */
  readonly tracer: string;
  readonly link: string;
  readonly address: string;
  readonly hosts: string;
  /** Hops from the tracer to the hosts; the last is theirs. */
  readonly hops: number;
  /** The line that runs a program in a namespace, on one core if that is given. */
  command(namespace: string, program: readonly string[], core?: number): [string, ...string[]];
  destroy(): void;
}

/** Real kernels route; their limits on ICMP errors are off. One hop: the first router is the end of it. */
export function createBenchChain(hops: number): BenchChain {
  const names = Array.from({ length: hops + 1 }, (_, i) => `pxt${process.pid}n${i}`);
  const run = (line: string): string => execFileSync("ip", line.split(" "), { encoding: "utf8" });
  const destroy = (): void => {
    const there = run("netns list");
    for (const name of names) if (there.includes(name)) run(`netns del ${name}`);
  };
  const inside = (name: string, line: string): void => void run(`netns exec ${name} ${line}`);
  try {
    for (const name of names) {
      run(`netns add ${name}`);
      inside(name, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ip_forward=1");
      inside(name, "sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv4.icmp_msgs_per_sec=2147483647");
      inside(name, "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0");
      run(`-n ${name} link set lo up`);
    }
    for (let i = 0; i < hops; i++) {
      const [left, right] = [names[i], names[i + 1]] as [string, string];
      run(`link add down${i} netns ${left} type veth peer name up${i} netns ${right}`);
      for (const [name, device, address] of [
        [left, `down${i}`, `192.0.2.${4 * i + 1}/30`],
        [right, `up${i}`, `192.0.2.${4 * i + 2}/30`],
      ] as const) {
        run(`-n ${name} addr add ${address} dev ${device}`);
        run(`-n ${name} link set ${device} up`);
        inside(name, `sysctl -qw net.ipv4.conf.${device}.rp_filter=0`);
      }
      run(`-n ${left} route add 198.18.0.0/15 via 192.0.2.${4 * i + 2}`);
      if (i > 0) run(`-n ${right} route add 192.0.2.0/30 via 192.0.2.${4 * i + 1}`);
    }
    const last = names[hops] as string;
    // A single router has to have a way on, or it says unreachable.
    if (hops === 1) run(`-n ${last} route add 198.18.0.0/15 dev up0`);
    else run(`-n ${last} route add local 198.18.0.0/15 dev lo`);
    inside(last, "sysctl -qw net.ipv4.tcp_syncookies=2 net.mptcp.enabled=1");
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    tracer: names[0] as string,
    link: "down0",
    address: "192.0.2.1",
    hosts: names[hops] as string,
    hops,
    command: commandIn,
    destroy,
  };
}
