import { addressFamily, formatAddress, sameAddress } from "../../shared/address/address.js";
import { type Prefix, prefixContains } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import type { ScriptedWorld } from "./scripted-spec.js";

type NodeScript = ScriptedWorld["nodes"][number];
type LinkScript = ScriptedWorld["links"][number];
type RouteScript = ScriptedWorld["routes"][number];

/** A node of a scripted world and its place in it. */
export interface Node {
  readonly script: NodeScript;
  owns(address: Uint8Array): boolean;
  /** Its first address of a family on a link; null without one. */
  addressOn(link: number, family: 4 | 6): Uint8Array | null;
  /** Its first address of a family at all. */
  firstAddress(family: 4 | 6): Uint8Array | null;
}

/** Where a packet goes next. */
export interface Hop {
  readonly node: Node;
  /** Number of the link that leads there. */
  readonly link: number;
}

export interface Routing {
  /** Throws UserError when there is no such node. */
  node(name: string): Node;
  /** By the longest prefix of routes and links; null when no route leads there, or nobody on the link has the address. */
  next(at: Node, address: Uint8Array): Hop | null;
}

/** An end of a link, as its node sees it. */
interface Port {
  readonly link: number;
  readonly own: LinkScript["ends"][number];
  readonly other: LinkScript["ends"][number];
}

/** @throws UserError when links or routes name what is not there */
export function createRouting(world: ScriptedWorld): Routing {
  const ports = new Map<string, Port[]>(world.nodes.map(({ name }) => [name, []]));
  for (const [link, { ends }] of world.links.entries()) {
    for (const [own, other] of [ends, [ends[1], ends[0]] as const]) portsOf(own.node).push({ link, own, other });
  }
  const routes = new Map<string, { readonly to: Prefix; readonly port: Port }[]>();
  for (const route of world.routes) {
    const known = routes.get(route.node) ?? [];
    known.push({ to: route.to, port: portOf(route) });
    routes.set(route.node, known);
  }
  const nodes = new Map(world.nodes.map((script) => [script.name, createNode(script, portsOf(script.name))]));

  function portsOf(name: string): Port[] {
    const found = ports.get(name);
    if (found === undefined) throw noSuchNode(name);
    return found;
  }

  function portOf({ node: name, to, via, link }: RouteScript): Port {
    const found = portsOf(name).find((port) =>
      link === undefined ? port.other.addresses.some(({ address }) => sameAddress(address, via)) : port.link === link,
    );
    if (found === undefined) {
      throw new UserError(`the route of ${name} to ${formatAddress(to.address)} leads to no neighbour`, {
        remedy: "name an address of a neighbour, or the number of one of the node's links",
        exitCode: 2,
      });
    }
    return found;
  }

  function node(name: string): Node {
    const found = nodes.get(name);
    if (found === undefined) throw noSuchNode(name);
    return found;
  }

  return {
    node,
    next({ script: { name } }, address) {
      const route = (routes.get(name) ?? [])
        .filter(({ to }) => prefixContains(to, address))
        .reduce<{ to: Prefix; port: Port } | null>((best, one) => (lengthOf(best) < one.to.length ? one : best), null);
      for (const { link, own, other } of portsOf(name)) {
        const onLink = own.addresses.find((one) => prefixContains(one.onLink, address))?.onLink;
        if (onLink === undefined || onLink.length <= lengthOf(route)) continue;
        const neighbour = node(other.node);
        return neighbour.owns(address) ? { node: neighbour, link } : null;
      }
      return route === null ? null : { node: node(route.port.other.node), link: route.port.link };
    },
  };
}

function lengthOf(route: { readonly to: Prefix } | null): number {
  return route === null ? -1 : route.to.length;
}

function createNode(script: NodeScript, ports: readonly Port[]): Node {
  const addresses = ports.flatMap(({ own }) => own.addresses.map(({ address }) => address));
  const ofFamily = (list: readonly Uint8Array[], family: 4 | 6): Uint8Array | null =>
    list.find((address) => addressFamily(address) === family) ?? null;
  return {
    script,
    owns: (address) =>
      addresses.some((own) => sameAddress(own, address)) ||
      script.owns.some((prefix) => prefixContains(prefix, address)),
    addressOn(link, family) {
      const own = ports.find((port) => port.link === link)?.own.addresses ?? [];
      return ofFamily(
        own.map(({ address }) => address),
        family,
      );
    },
    firstAddress: (family) => ofFamily(addresses, family),
  };
}

function noSuchNode(name: string): UserError {
  return new UserError(`the simulated world has no node ${name}`, { remedy: "list it under nodes", exitCode: 2 });
}
