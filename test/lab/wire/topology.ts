import { createNamespaces, type Namespaces } from "./namespaces.js";

/** vantage point - router 1 - router 2 - hosts: 198.18.0.0/16 and 2001:2:0:1::/64 are all addresses of one host. */
export const VANTAGE = "px5-vantage";
export const ROUTER_1 = "px5-router1";
const ROUTER_2 = "px5-router2";
export const HOSTS = "px5-hosts";

const LINKS = [
  {
    left: [VANTAGE, "up0", "192.0.2.1/24", "2001:db8:1::1/64"],
    right: [ROUTER_1, "down0", "192.0.2.254/24", "2001:db8:1::ff/64"],
  },
  {
    left: [ROUTER_1, "up0", "198.51.100.1/24", "2001:db8:2::1/64"],
    right: [ROUTER_2, "down0", "198.51.100.2/24", "2001:db8:2::2/64"],
  },
  {
    left: [ROUTER_2, "up0", "203.0.113.1/24", "2001:db8:3::1/64"],
    right: [HOSTS, "down0", "203.0.113.2/24", "2001:db8:3::2/64"],
  },
] as const;

const ROUTES: readonly (readonly [string, string])[] = [
  [VANTAGE, "route add default via 192.0.2.254"],
  [VANTAGE, "-6 route add default via 2001:db8:1::ff"],
  [ROUTER_1, "route add 198.18.0.0/15 via 198.51.100.2"],
  [ROUTER_1, "-6 route add 2001:2::/48 via 2001:db8:2::2"],
  [ROUTER_2, "route add 192.0.2.0/24 via 198.51.100.1"],
  [ROUTER_2, "-6 route add 2001:db8:1::/64 via 2001:db8:2::1"],
  [ROUTER_2, "route add 198.18.0.0/16 via 203.0.113.2"],
  [ROUTER_2, "-6 route add 2001:2::/48 via 2001:db8:3::2"],
  [HOSTS, "route add default via 203.0.113.1"],
  [HOSTS, "-6 route add default via 2001:db8:3::1"],
  [HOSTS, "route add local 198.18.0.0/16 dev lo"],
  [HOSTS, "-6 route add local 2001:2:0:1::/64 dev lo"],
];

/** Builds the topology with an MPTCP listener on port 80 and a plain TCP listener on port 81, over both families. */
export function createTopology(): Namespaces {
  const namespaces = createNamespaces([VANTAGE, ROUTER_1, ROUTER_2, HOSTS]);
  for (const name of [VANTAGE, ROUTER_1, ROUTER_2, HOSTS]) {
    namespaces.run(name, "ip link set lo up");
    // Routers limit time exceeded per destination and per host; here one destination asks for everything.
    namespaces.run(name, "sysctl -qw net.ipv4.icmp_ratemask=0");
    namespaces.run(name, "sysctl -qw net.ipv6.icmp.ratemask=");
    // Neighbours are asked from the link-local address, which otherwise is tentative for a second or two.
    namespaces.run(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0");
  }
  for (const { left, right } of LINKS) {
    namespaces.run(left[0], `ip link add ${left[1]} type veth peer name ${right[1]} netns ${right[0]}`);
    for (const [namespace, dev, ipv4, ipv6] of [left, right]) {
      namespaces.run(namespace, `ip address add ${ipv4} dev ${dev}`);
      namespaces.run(namespace, `ip address add ${ipv6} dev ${dev} nodad`);
      namespaces.run(namespace, `ip link set ${dev} up`);
    }
  }
  for (const router of [ROUTER_1, ROUTER_2]) {
    namespaces.run(router, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  }
  for (const [namespace, route] of ROUTES) namespaces.run(namespace, `ip ${route}`);
  namespaces.listen(HOSTS, { port: 80, mptcp: true });
  namespaces.listen(HOSTS, { port: 81, mptcp: false });
  return namespaces;
}
