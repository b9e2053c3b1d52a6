import { execFileSync } from "node:child_process";

/** MAC address that nobody has: the receiving side counts such packets and drops them at once. */
export const NOBODY = "02:00:00:00:00:99";
/** Of the sender's interface. */
export const SENDER_MAC = "02:00:00:00:00:01";

/** A network namespace that sends, joined by a veth pair to one that receives. */
export interface BenchNetwork {
  readonly sender: string;
  readonly receiver: string;
  /** The interfaces. */
  readonly senderLink: string;
  readonly receiverLink: string;
  /** Of the sender, on its interface. */
  readonly address: string;
  /** The line that runs a program in a namespace, on one core if that is given. */
  command(namespace: string, program: readonly string[], core?: number): [string, ...string[]];
  /** Packets that arrived at the receiving side so far. */
  arrived(): number;
  destroy(): void;
}

/**
 * `towards`: what the sender's route to 198.18.0.0/15 leads to. `nobody` counts and drops, `hosts` has all of these
 * addresses. `deaf`: the sender's own kernel takes no packet, so that what arrives is for packet sockets alone.
 */
export function createBenchNetwork(towards: "nobody" | "hosts", { deaf = false } = {}): BenchNetwork {
  const sender = `pxb${process.pid}s`;
  const receiver = `pxb${process.pid}r`;
  const run = (line: string): string => execFileSync("ip", line.split(" "), { encoding: "utf8" });
  const destroy = (): void => {
    for (const name of [sender, receiver]) if (run("netns list").includes(name)) run(`netns del ${name}`);
  };
  try {
    for (const name of [sender, receiver]) run(`netns add ${name}`);
    run(`link add up0 netns ${sender} type veth peer name down0 netns ${receiver}`);
    for (const name of [sender, receiver]) {
      run(`netns exec ${name} sysctl -qw net.ipv6.conf.all.disable_ipv6=1`);
      run(`-n ${name} link set lo up`);
    }
    run(`-n ${sender} link set up0 address ${SENDER_MAC} up`);
    run(`-n ${receiver} link set down0 up`);
    run(`-n ${sender} addr add 192.0.2.1/24 dev up0`);
    run(`-n ${sender} route add 198.18.0.0/15 via 192.0.2.2`);
    if (towards === "hosts") {
      run(`-n ${receiver} addr add 192.0.2.2/24 dev down0`);
      run(`-n ${receiver} route add local 198.18.0.0/15 dev lo`);
      run(`netns exec ${receiver} sysctl -qw net.ipv4.tcp_syncookies=2 net.mptcp.enabled=1`);
    } else {
      run(`-n ${sender} neigh add 192.0.2.2 lladdr ${NOBODY} dev up0 nud permanent`);
    }
    if (deaf) {
      // Not in ingress, which comes before packet sockets of one protocol.
      run(`netns exec ${sender} nft add table ip bench`);
      run(
        `netns exec ${sender} nft add chain ip bench drop_everything { type filter hook prerouting priority -300; policy drop; }`,
      );
    }
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    sender,
    receiver,
    senderLink: "up0",
    receiverLink: "down0",
    address: "192.0.2.1",
    command: commandIn,
    arrived() {
      const [link] = JSON.parse(run(`-n ${receiver} -s -j link show down0`)) as [
        { stats64: { rx: { packets: number } } },
      ];
      return link.stats64.rx.packets;
    },
    destroy,
  };
}

/** The line that runs a program in a network namespace, on one core if that is given. */
export function commandIn(namespace: string, program: readonly string[], core?: number): [string, ...string[]] {
  const pinned = core === undefined ? [] : ["taskset", "-c", String(core)];
  return ["ip", "netns", "exec", namespace, ...pinned, ...program];
}
