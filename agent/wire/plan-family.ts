import { formatAddress } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import type { FamilyRoute } from "./ethernet.js";
import { interfaceAddresses } from "./interface-addresses.js";
import type { IpCommand } from "./ip-command.js";
import { findMacAddress } from "./neighbor.js";
import { chooseSource, findRoute, type Route } from "./route.js";

/** What was asked for of the packets of one family. */
export interface FamilyOptions {
  readonly family: 4 | 6;
  /** By default the interface of the route. */
  readonly interface?: string;
  /** A target to find the way for; by default the default route. */
  readonly towards?: Uint8Array;
  /** The targets that `towards` stands for are more than one address, so they must lie behind a router. */
  readonly manyTargets: boolean;
  /** An address of the interface, 16 bytes; by default that which the kernel would take. */
  readonly source?: Uint8Array;
  /** To whom packets go on the link, whatever the route says: by address, or by MAC address, which is then not asked for. */
  readonly gateway?: Uint8Array;
  readonly gatewayMac?: Uint8Array;
}

/** Null when there is no way to send packets of the family. Throws UserError. */
export async function routeOf(ip: IpCommand, options: FamilyOptions): Promise<Route | null> {
  const { family, source, gateway, gatewayMac } = options;
  if (source !== undefined) await checkSource(ip, family, source, options.interface);
  const hasGateway = gateway !== undefined || gatewayMac !== undefined;
  const route =
    (await findRoute(ip, {
      family,
      ...(options.interface === undefined ? {} : { interface: options.interface }),
      ...(options.towards === undefined ? {} : { towards: options.towards }),
      ...(source === undefined ? {} : { source }),
    })) ?? (hasGateway ? await routeOfGateway(ip, options) : null);
  if (route === null) return null;
  if (source !== undefined) await checkSource(ip, family, source, route.interface);
  if (hasGateway) return { ...route, nextHop: gateway ?? route.nextHop, onLink: false };
  if (route.onLink && options.manyTargets) {
    const where = route.nextHop === null ? "" : ` around ${formatAddress(route.nextHop)}`;
    throw new UserError(`the targets${where} are on this machine's own link`, {
      remedy: "probe such targets one at a time; many at once must lie behind a router (`ip route`)",
      exitCode: 2,
    });
  }
  return route;
}

/** Who names interface and gateway needs no route. */
async function routeOfGateway(ip: IpCommand, { family, interface: dev, source }: FamilyOptions): Promise<Route | null> {
  if (dev === undefined) return null;
  const chosen = source ?? (await chooseSource(ip, family, dev));
  return chosen === null ? null : { interface: dev, source: chosen, nextHop: null, onLink: false };
}

/** The source address with the next hop's MAC address. Throws UserError when the next hop does not answer. */
export async function resolveRoute(ip: IpCommand, route: Route, gatewayMac?: Uint8Array): Promise<FamilyRoute> {
  const { interface: dev, source, nextHop } = route;
  if (gatewayMac !== undefined) return { source, nextHopMac: gatewayMac };
  if (nextHop === null) return { source, nextHopMac: new Uint8Array(6) };
  return { source, nextHopMac: await findMacAddress(ip, { interface: dev, address: nextHop, source }) };
}

/** Answers come only to an address that the kernel has assigned; any other would be somebody else's. */
async function checkSource(ip: IpCommand, family: 4 | 6, source: Uint8Array, dev: string | undefined): Promise<void> {
  const wanted = formatAddress(source);
  const own = (await interfaceAddresses(ip, family, dev)).map(({ address }) => formatAddress(address));
  if (own.includes(wanted)) return;
  throw new UserError(`${wanted} is not an address of ${dev === undefined ? "this machine" : `interface ${dev}`}`, {
    remedy: own.length === 0 ? `it has none of IPv${family}: see \`ip address\`` : `take one of: ${own.join(", ")}`,
    exitCode: 2,
  });
}
