import { UserError } from "../../shared/errors.js";
import { FIRST_SOURCE_PORT } from "../../shared/probe/fields.js";
import { replyFilter } from "./filter.js";
import { noSuchInterface } from "./interface.js";
import { createIpCommand, type IpCommand } from "./ip-command.js";
import { findMacAddress } from "./neighbor.js";
import { createPacketLink } from "./packet-link.js";
import { createPacketPort, type FamilyRoute } from "./packet-port.js";
import type { PacketPort } from "./port.js";
import { findRoute, type Route } from "./route.js";

export interface OpenPortOptions {
  /** By default the interface of the route. */
  readonly interface?: string;
  /** A target of each family to find the way for; by default the default route of each. */
  readonly towards4?: Uint8Array;
  readonly towards6?: Uint8Array;
  /** The targets that `towards` stands for are more than one address, so they must lie behind a router. */
  readonly manyTargets?: boolean;
  /** Families to leave out even though there is a route. */
  readonly without?: ReadonlySet<4 | 6>;
  readonly qdiscBypass?: boolean;
  readonly ringBytes?: number;
  readonly ip?: IpCommand;
}

/** A packet port and the addresses that probes go out with; null where the vantage point has none of the family. */
export interface OpenPort {
  readonly port: PacketPort;
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
}

/**
 * Opens the packet driver on the interface that the routes name. All packets of a family go to one next hop: a router,
 * or a single target on the agent's own link. Throws UserError when there is no route of either family, no source
 * address, no answering next hop, or no privilege.
 */
export async function openPacketPort(options: OpenPortOptions): Promise<OpenPort> {
  const ip = options.ip ?? createIpCommand();
  const routes = { 4: await routeOf(ip, 4, options), 6: await routeOf(ip, 6, options) };
  const used = options.interface ?? routes[4]?.interface ?? routes[6]?.interface;
  if (options.interface !== undefined && (await ip(["link", "show", "dev", options.interface])) === null) {
    throw noSuchInterface(options.interface);
  }
  if (used === undefined || (routes[4] === null && routes[6] === null)) {
    const where = options.interface === undefined ? "" : ` through ${options.interface}`;
    throw new UserError(`there is no route${where} to send probes by`, {
      remedy: "add a default route, or name an interface that `ip route` shows",
    });
  }
  const family4 = routes[4]?.interface === used ? routes[4] : null;
  const family6 = routes[6]?.interface === used ? routes[6] : null;
  const link = createPacketLink({
    interface: used,
    filter: replyFilter(FIRST_SOURCE_PORT),
    ignoreOutgoing: true,
    ...(options.qdiscBypass === undefined ? {} : { qdiscBypass: options.qdiscBypass }),
    ...(options.ringBytes === undefined ? {} : { ringBytes: options.ringBytes }),
  });
  try {
    const ipv4 = family4 === null ? null : await resolve(ip, family4);
    const ipv6 = family6 === null ? null : await resolve(ip, family6);
    const port = createPacketPort({ link, ipv4, ipv6 });
    return { port, source4: ipv4?.source ?? null, source6: ipv6?.source ?? null };
  } catch (error) {
    link.close();
    throw error;
  }
}

async function routeOf(ip: IpCommand, family: 4 | 6, options: OpenPortOptions): Promise<Route | null> {
  if (options.without?.has(family)) return null;
  const towards = family === 4 ? options.towards4 : options.towards6;
  const route = await findRoute(ip, {
    family,
    ...(options.interface === undefined ? {} : { interface: options.interface }),
    ...(towards === undefined ? {} : { towards }),
  });
  if (route?.onLink && options.manyTargets) {
    throw new UserError(`the targets around ${route.nextHop} are on this machine's own link`, {
      remedy: "probe such targets one at a time; many at once must lie behind a router (`ip route`)",
      exitCode: 2,
    });
  }
  return route;
}

async function resolve(ip: IpCommand, route: Route): Promise<FamilyRoute> {
  const nextHopMac =
    route.nextHop === null
      ? new Uint8Array(6)
      : await findMacAddress(ip, { interface: route.interface, address: route.nextHop });
  return { source: route.source, nextHopMac };
}
