import { UserError } from "../../shared/errors.js";
import { chooseDriver, mostThreads } from "./choose-driver.js";
import type { FamilyRoute } from "./ethernet.js";
import { noSuchInterface } from "./interface.js";
import { createIpCommand, type IpCommand } from "./ip-command.js";
import { type FamilyOptions, resolveRoute, routeOf } from "./plan-family.js";
import type { RealDriver } from "./port.js";
import type { Route } from "./route.js";

export interface PlanPortOptions {
  /** By default the interface of the route. */
  readonly interface?: string;
  /** A target of each family to find the way for; by default the default route of each. */
  readonly towards4?: Uint8Array;
  readonly towards6?: Uint8Array;
  /** The targets that `towards` stands for are more than one address, so they must lie behind a router. */
  readonly manyTargets?: boolean;
  /** Families to leave out even though there is a route. */
  readonly without?: ReadonlySet<4 | 6>;
  /** Addresses of the interface to send from, 16 bytes; by default those that the kernel would take. */
  readonly source4?: Uint8Array;
  readonly source6?: Uint8Array;
  /** Next hops in place of the routes' own; the interface then needs no route, if it is named. Not with `portable`. */
  readonly gateway4?: Uint8Array;
  readonly gateway6?: Uint8Array;
  /** MAC address of the next hop of both families, which is then not asked for. Not with `portable`. */
  readonly gatewayMac?: Uint8Array;
  readonly ringBytes?: number;
  /** Which driver; by default the fastest that works on the interface. */
  readonly driver?: RealDriver;
  readonly zeroCopy?: boolean;
  /** Threads to send from, if the driver and the interface allow so many; by default one. */
  readonly sendingThreads?: number;
  readonly ip?: IpCommand;
}

/** How packets leave and enter, as plain data: a port can be opened from it in any thread. */
export interface PortPlan {
  readonly driver: RealDriver;
  /** Threads that may each open a sending half, with queue numbers from 0. */
  readonly sendingThreads: number;
  readonly interface: string;
  /** Null where the vantage point has none of the family. */
  readonly ipv4: FamilyRoute | null;
  readonly ipv6: FamilyRoute | null;
  readonly ringBytes: number;
  /** xdp: the network card reads frames where they lie. Needs a driver that can; not measured by this project. */
  readonly zeroCopy: boolean;
}

/** A plan, and what is missing from it. */
export interface PlannedPort extends PortPlan {
  /** Why that driver. */
  readonly driverReason: string;
  /** Families that there is a route for and that cannot be sent all the same. */
  readonly leftOut: readonly { readonly family: 4 | 6; readonly why: string }[];
}

/** Room for the answers of a sixth of a second at 500,000 a second. All of it counts as memory of the process. */
const RING_BYTES = 16 << 20;

/**
 * Finds out how packets leave: the interface that the routes name, source addresses, and the next hop of each family,
 * to which all its packets go: a router, or a single target on the agent's own link. A family that has no source address
 * or no answering next hop is left out while there is another. Throws UserError when none is left.
 */
export async function planPort(options: PlanPortOptions): Promise<PlannedPort> {
  const ip = options.ip ?? createIpCommand();
  if (options.interface !== undefined && (await ip(["link", "show", "dev", options.interface])) === null) {
    throw noSuchInterface(options.interface);
  }
  const failures: Failure[] = [];
  const routes: { readonly family: 4 | 6; readonly route: Route }[] = [];
  for (const family of [4, 6] as const) {
    if (options.without?.has(family)) continue;
    const route = await attempt(family, failures, () => routeOf(ip, familyOptions(family, options)));
    if (route !== null) routes.push({ family, route });
  }
  const used = options.interface ?? routes[0]?.route.interface;
  if (used === undefined || routes.length === 0) throw failures[0]?.error ?? noRoute(options.interface);
  const { driver, reason: driverReason } = driverFor(used, options.driver);
  if (driver === "portable" && hasGateway(options)) throw kernelChoosesGateway();

  const resolve = async (family: 4 | 6): Promise<FamilyRoute | null> => {
    const route = routes.find((one) => one.family === family)?.route;
    if (route?.interface !== used) return null;
    return attempt(family, failures, () => resolveRoute(ip, route, options.gatewayMac));
  };
  const [ipv4, ipv6] = await Promise.all([resolve(4), resolve(6)]);
  if (ipv4 === null && ipv6 === null) throw failures[0]?.error ?? noRoute(options.interface);
  const elsewhere = routes.filter(({ route }) => route.interface !== used);
  return {
    driver,
    driverReason,
    sendingThreads: mostThreads(driver, used, options.sendingThreads ?? 1),
    interface: used,
    ipv4,
    ipv6,
    leftOut: [
      ...failures.map(({ family, error }) => ({ family, why: error.message })),
      ...elsewhere.map(({ family, route }) => ({
        family,
        why: `its route leads through ${route.interface}, not ${used}`,
      })),
    ],
    ringBytes: options.ringBytes ?? RING_BYTES,
    zeroCopy: options.zeroCopy ?? false,
  };
}

function driverFor(interfaceName: string, wanted: RealDriver | undefined): { driver: RealDriver; reason: string } {
  if (wanted !== undefined) return { driver: wanted, reason: "it was asked for" };
  const { driver, rejected } = chooseDriver(interfaceName);
  const others = rejected.map((one) => `${one.driver}: ${one.why}`).join("; ");
  return { driver, reason: others === "" ? "the fastest" : `the fastest that works here; ${others}` };
}

interface Failure {
  readonly family: 4 | 6;
  readonly error: UserError;
}

/** Null where it fails; what was asked for wrongly is not mended by sending with the other family, and is thrown. */
async function attempt<T>(family: 4 | 6, failures: Failure[], look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode === 2) throw error;
    failures.push({ family, error });
    return null;
  }
}

function familyOptions(family: 4 | 6, options: PlanPortOptions): FamilyOptions {
  const [towards, source, gateway] =
    family === 4
      ? [options.towards4, options.source4, options.gateway4]
      : [options.towards6, options.source6, options.gateway6];
  return {
    family,
    manyTargets: options.manyTargets ?? false,
    ...(options.interface === undefined ? {} : { interface: options.interface }),
    ...(towards === undefined ? {} : { towards }),
    ...(source === undefined ? {} : { source }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(options.gatewayMac === undefined ? {} : { gatewayMac: options.gatewayMac }),
  };
}

function hasGateway({ gateway4, gateway6, gatewayMac }: PlanPortOptions): boolean {
  return gateway4 !== undefined || gateway6 !== undefined || gatewayMac !== undefined;
}

function noRoute(interfaceName: string | undefined): UserError {
  const where = interfaceName === undefined ? "" : ` through ${interfaceName}`;
  return new UserError(`there is no route${where} to send probes by`, {
    remedy: "add a default route, or name an interface that `ip route` shows",
  });
}

function kernelChoosesGateway(): UserError {
  return new UserError("the portable driver sends to the router of the kernel's own route and to no other", {
    remedy: "leave the gateway out, or use another driver",
    exitCode: 2,
  });
}
