import type { Behaviour } from "../../shared/middlebox/behaviour.js";
import { boxesOf, type KernelRule, type Network, PORTS, type Site, VANTAGE_POINTS } from "./networks.js";

/** One end of a link: an interface in a namespace. */
export interface End {
  readonly node: string;
  readonly interface: string;
  /** With prefix length; absent for the ends inside the box namespace. */
  readonly addresses: readonly string[];
}

/** A veth pair; a box on it makes two pairs of it, joined in the box namespace by the forwarding process. */
export interface Link {
  readonly a: End;
  readonly b: End;
  readonly box?: { readonly behaviours: readonly Behaviour[]; readonly interfaces: readonly [string, string] };
}

export interface Route {
  readonly node: string;
  /** Prefix, or "default". */
  readonly to: string;
  /** Next hop's address; absent for an address that the node answers itself. */
  readonly via?: string;
  /** The interface that leads there, where the next hop's address alone does not say it. */
  readonly interface?: string;
}

export interface Rule {
  readonly node: string;
  /** `silent`: no TCP gets in. `handshakes`: an agent's own kernel keeps out of its handshakes. */
  readonly rule: KernelRule | "silent" | "handshakes";
  /** Destination prefixes that it applies to; empty for all. */
  readonly to: readonly string[];
}

export interface Listener {
  readonly node: string;
  readonly kind: "mptcp" | "tcp";
  /** Addresses to bind; "" for all of both families. */
  readonly addresses: readonly string[];
}

export interface Machine {
  readonly name: string;
  readonly vantage: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly interface: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Everything that the lab is made of. */
export interface Topology {
  readonly nodes: readonly string[];
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly listeners: readonly Listener[];
  readonly machines: readonly Machine[];
  /** Address with which a node answers what comes from below or above it in the tree: node → neighbour → [v4, v6]. */
  readonly facing: ReadonlyMap<string, ReadonlyMap<string, readonly [string, string]>>;
  /** Tree: node → parent; the root is core-b. */
  readonly parents: ReadonlyMap<string, string>;
}

/** Namespace of the bumps in the wire. */
export const BOXES = "boxes";
/** 65,536 hosts of one kernel; a few of them speak MPTCP. */
export const CROWD = { prefix: "198.18.0.0/16", node: "host-crowd" } as const;

/** Addresses of the crowd that speak MPTCP. */
export function needles(): string[] {
  return Array.from({ length: 16 }, (_, i) => `198.18.${(i * 67 + 5) % 256}.${(i * 41 + 9) % 256}`);
}

/**
 * A tree with core-b at its root: vantage points' machines hang below r1, r2 and core-a or core-c; every destination
 * network below an edge router of its own. Boxed prefixes take a second link between the same two routers.
 */
export function createTopology(networks: readonly Network[], crowd: boolean): Topology {
  const nodes: string[] = [BOXES, "core-b"];
  const links: Link[] = [];
  const routes: Route[] = [];
  const rules: Rule[] = [];
  const listeners: Listener[] = [];
  const machines: Machine[] = [];
  const facing = new Map<string, Map<string, readonly [string, string]>>();
  const parents = new Map<string, string>();
  const interfaces = new Map<string, number>();
  let boxes = 0;

  const nextInterface = (node: string): string => {
    const number = interfaces.get(node) ?? 0;
    interfaces.set(node, number + 1);
    return `eth${number}`;
  };
  const boxOf = (behaviours: readonly Behaviour[]): NonNullable<Link["box"]> => {
    const number = boxes++;
    return { behaviours, interfaces: [`box${number}a`, `box${number}b`] };
  };
  /** Joins two nodes; returns their addresses on the link. */
  const join = (a: string, b: string, behaviours?: readonly Behaviour[], prefix?: Network): LinkAddresses => {
    const addresses = prefix === undefined ? linkAddresses(links.length) : networkAddresses(prefix);
    const end = (node: string, side: "a" | "b"): End => ({
      node,
      interface: nextInterface(node),
      addresses: addresses[side].map((address, family) => `${address}/${addresses.lengths[family]}`),
    });
    const link = { a: end(a, "a"), b: end(b, "b") };
    links.push(behaviours === undefined ? link : { ...link, box: boxOf(behaviours) });
    return addresses;
  };
  const remember = (node: string, neighbour: string, address: readonly [string, string]) => {
    facing.set(node, (facing.get(node) ?? new Map()).set(neighbour, address));
  };
  /** Hangs a node below another, with a default route up and, for each prefix below it, a route down at every ancestor. */
  const hang = (child: string, parent: string, behaviours?: readonly Behaviour[], prefix?: Network): LinkAddresses => {
    nodes.push(child);
    parents.set(child, parent);
    const addresses = join(parent, child, behaviours, prefix);
    remember(parent, child, addresses.a);
    remember(child, parent, addresses.b);
    for (const via of addresses.a) routes.push({ node: child, to: "default", via });
    return addresses;
  };
  const routeDown = (prefixes: readonly string[], leaf: string) => {
    for (let node = leaf; ; ) {
      const parent = parents.get(node);
      if (parent === undefined) return;
      const [v4, v6] = facing.get(node)?.get(parent) ?? ["", ""];
      for (const to of prefixes) routes.push({ node: parent, to, via: to.includes(":") ? v6 : v4 });
      node = parent;
    }
  };
  /**
   * Sends some prefixes up over a link of their own, with a box on it. The link is unnumbered: the parent has the address
   * of the main link on it too, so its answers come from there, whether the kernel takes the address of the interface
   * that the packet came in by (IPv6 in newer kernels) or of the one that the answer leaves by.
   */
  const detour = (child: string, parent: string, behaviours: readonly Behaviour[], network: Network) => {
    const [v4, v6] = facing.get(parent)?.get(child) ?? ["", ""];
    const addresses = [`${v4}/32`, `${v6}/128`, `${LINK_LOCAL}/64`];
    const up = { node: parent, interface: nextInterface(parent), addresses };
    const down = { node: child, interface: nextInterface(child), addresses: [] };
    links.push({ a: up, b: down, box: boxOf(behaviours) });
    for (const to of prefixesOf(network)) {
      // IPv6 takes no next hop whose address leads elsewhere.
      routes.push({ node: child, to, via: to.includes(":") ? LINK_LOCAL : v4, interface: down.interface });
    }
  };

  const onMainLink = (isThere: (site: Site) => boolean): readonly Behaviour[] | undefined => {
    const found = networks.flatMap(boxesOf).find(({ site }) => isBothWays(site) && isThere(site));
    return found !== undefined && "behaviours" in found ? found.behaviours : undefined;
  };

  hang(
    "core-a",
    "core-b",
    onMainLink(({ kind }) => kind === "transit"),
  );
  hang("core-c", "core-b");
  for (const vantage of VANTAGE_POINTS) {
    hang(`${vantage.name}-r2`, vantage.core);
    hang(
      `${vantage.name}-r1`,
      `${vantage.name}-r2`,
      onMainLink((site) => site.kind === "source" && site.vantage === vantage.name),
    );
    for (const port of PORTS) {
      const name = `${vantage.name}-${port}`;
      const { b } = hang(name, `${vantage.name}-r1`);
      const machine = { name, vantage: vantage.name, interface: "eth0", ipv4: b[0], ipv6: b[1] };
      machines.push({ ...machine, labels: { web: String(port), region: vantage.region } });
      rules.push({ node: name, rule: "handshakes", to: [] });
      routeDown([`${b[0]}/32`, `${b[1]}/128`], name);
    }
  }
  for (const network of networks) {
    const { number } = network;
    const own = boxesOf(network);
    const [edge, inner, host] = [`edge-${number}`, `inner-${number}`, `host-${number}`];
    const behavioursAt = (kind: string) =>
      own.flatMap((box) => ("behaviours" in box && box.site.kind === kind ? [box.behaviours] : []))[0];
    hang(edge, "core-b", behavioursAt("before-edge"));
    if (network.inner) hang(inner, edge, behavioursAt("edge"));
    const last = network.inner ? inner : edge;
    hang(host, last, behavioursAt("before-host"), network);
    routeDown(prefixesOf(network), last);
    for (const box of own) {
      const { site } = box;
      if ("rule" in box) {
        const node = site.kind === "source" ? `${site.vantage}-r1` : site.kind === "transit" ? "core-a" : edge;
        rules.push({ node, rule: box.rule, to: prefixesOf(network) });
      } else if (!isBothWays(site)) {
        if (site.kind === "source") detour(`${site.vantage}-r1`, `${site.vantage}-r2`, box.behaviours, network);
        if (site.kind === "transit") detour("core-a", "core-b", box.behaviours, network);
      }
    }
    if (network.server === "silent") rules.push({ node: host, rule: "silent", to: [] });
    if (network.server === "mptcp" || network.server === "tcp") {
      listeners.push({ node: host, kind: network.server, addresses: [""] });
    }
  }
  if (crowd) {
    hang("edge-crowd", "core-b");
    hang(CROWD.node, "edge-crowd");
    routeDown([CROWD.prefix], CROWD.node);
    routes.push({ node: CROWD.node, to: `local ${CROWD.prefix}` });
    listeners.push({ node: CROWD.node, kind: "mptcp", addresses: needles() });
    listeners.push({ node: CROWD.node, kind: "tcp", addresses: [""] });
  }
  return { nodes, links, routes, rules, listeners, machines, facing, parents };
}

function isBothWays(site: Site): boolean {
  return "bothWays" in site && site.bothWays === true;
}

interface LinkAddresses {
  readonly a: readonly [string, string];
  readonly b: readonly [string, string];
  /** Prefix lengths of both families. */
  readonly lengths: readonly [number, number];
}

/** Of the upper end of an unnumbered link. */
const LINK_LOCAL = "fe80::1";
const LINK_BLOCKS = ["192.0.2", "198.51.100", "203.0.113"];

/** The n-th link between routers: a /31 of the documentation blocks and a /64 of 2001:2::/48. */
function linkAddresses(n: number): LinkAddresses {
  const block = LINK_BLOCKS[Math.floor(n / 128)];
  if (block === undefined) throw new RangeError(`the lab has addresses for ${LINK_BLOCKS.length * 128} links`);
  const low = (n % 128) * 2;
  const v6 = `2001:2:0:${(n + 1).toString(16)}`;
  return { a: [`${block}.${low}`, `${v6}::1`], b: [`${block}.${low + 1}`, `${v6}::2`], lengths: [31, 64] };
}

function networkAddresses({ number }: Network): LinkAddresses {
  return {
    a: [`198.19.${number}.1`, `2001:db8:${number}::1`],
    b: [`198.19.${number}.10`, `2001:db8:${number}::10`],
    lengths: [28, 64],
  };
}

function prefixesOf({ number }: Network): string[] {
  return [`198.19.${number}.0/28`, `2001:db8:${number}::/64`];
}
