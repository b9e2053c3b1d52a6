import { z } from "zod";
import { formatAddress, parseAddress } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import { interfaceAddresses } from "./interface-addresses.js";
import type { IpCommand } from "./ip-command.js";

/** Where packets of one family go first, and from which address. */
export interface Route {
  readonly interface: string;
  /** 16 bytes, IPv4 mapped; an address of the interface. */
  readonly source: Uint8Array;
  /** The router, or the target itself where it is on the link; null on loopback, where nobody has a MAC address. */
  readonly nextHop: Uint8Array | null;
  /** The target itself is the next hop. */
  readonly onLink: boolean;
}

export interface RouteQuery {
  readonly family: 4 | 6;
  /** Only routes through this interface. */
  readonly interface?: string;
  /** The route to this address; without it the default route, or else any route through a router. */
  readonly towards?: Uint8Array;
  /** To be sent from; by default that which the kernel would take. */
  readonly source?: Uint8Array;
}

const hop = z.object({ dev: z.string().optional(), gateway: z.string().optional() });
const routeEntry = hop.extend({
  dst: z.string().optional(),
  type: z.string().optional(),
  prefsrc: z.string().optional(),
  metric: z.number().optional(),
  nexthops: z.array(hop).optional(),
});
type RouteEntry = z.infer<typeof routeEntry>;

/** Asks the kernel; null when it has no route of the family. Throws UserError when the route has no source address. */
export async function findRoute(ip: IpCommand, query: RouteQuery): Promise<Route | null> {
  const entry = query.towards === undefined ? await anyRoute(ip, query) : await routeTo(ip, query, query.towards);
  if (
    entry === null ||
    entry.dev === undefined ||
    (entry.type !== undefined && !/^(unicast|local)$/.test(entry.type))
  ) {
    return null;
  }
  const source =
    query.source ??
    (entry.prefsrc === undefined ? await chooseSource(ip, query.family, entry.dev) : parseAddress(entry.prefsrc));
  if (source === null) {
    throw new UserError(`interface ${entry.dev} has no IPv${query.family} address to send from`, {
      remedy: `give it a global one with \`ip address add\`, or leave IPv${query.family} targets out`,
    });
  }
  const onLink = entry.gateway === undefined && entry.dev !== "lo";
  const gateway = entry.gateway === undefined ? (query.towards ?? null) : parseAddress(entry.gateway);
  return { interface: entry.dev, source, nextHop: entry.dev === "lo" ? null : gateway, onLink };
}

async function routeTo(ip: IpCommand, query: RouteQuery, towards: Uint8Array): Promise<RouteEntry | null> {
  const through = query.interface === undefined ? [] : ["oif", query.interface];
  const from = query.source === undefined ? [] : ["from", formatAddress(query.source)];
  const [first] = parseRoutes(
    await ip([`-${query.family}`, "route", "get", formatAddress(towards), ...from, ...through]),
  );
  return first ?? null;
}

async function anyRoute(ip: IpCommand, query: RouteQuery): Promise<RouteEntry | null> {
  const through = query.interface === undefined ? [] : ["dev", query.interface];
  const dev = query.interface;
  const routed = parseRoutes(await ip([`-${query.family}`, "route", "show", ...through]))
    .map((entry) => {
      const chosen = entry.nexthops?.find((one) => dev === undefined || one.dev === dev) ?? {};
      // With `dev` given, `ip` leaves it out of the answer.
      return { ...(dev === undefined ? {} : { dev }), ...entry, ...chosen };
    })
    .filter((entry) => entry.gateway !== undefined);
  const byMetric = (a: RouteEntry, b: RouteEntry): number => (a.metric ?? 0) - (b.metric ?? 0);
  const defaults = routed.filter((entry) => entry.dst === "default").sort(byMetric);
  return defaults[0] ?? routed.sort(byMetric)[0] ?? null;
}

function parseRoutes(output: readonly unknown[] | null): RouteEntry[] {
  return (output ?? []).flatMap((item) => {
    const parsed = routeEntry.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });
}

/** The first lasting global address; a temporary one (RFC 8981) only where there is no other. */
export async function chooseSource(ip: IpCommand, family: 4 | 6, dev: string): Promise<Uint8Array | null> {
  const usable = (await interfaceAddresses(ip, family, dev)).filter((one) => one.scope === "global" && !one.deprecated);
  return (usable.find((one) => !one.temporary) ?? usable[0])?.address ?? null;
}
