import { UserError } from "../../shared/errors.js";
import { FIRST_SOURCE_PORT } from "../../shared/probe/fields.js";
import { chooseDriver, mostThreads } from "./choose-driver.js";
import { ethernetHeaders, type FamilyRoute } from "./ethernet.js";
import { replyFilter } from "./filter.js";
import { interfaceFacts, noSuchInterface } from "./interface.js";
import { createIpCommand, type IpCommand } from "./ip-command.js";
import { createLibc } from "./libc.js";
import { findMacAddress } from "./neighbor.js";
import { createPacketLink } from "./packet-link.js";
import { createPacketPort } from "./packet-port.js";
import type { PacketPort, RealDriver, SendPort } from "./port.js";
import { loadPortableModules } from "./portable-modules.js";
import { createPortablePort, createPortableSendPort, type PortablePortOptions } from "./portable-port.js";
import { findRoute, type Route } from "./route.js";
import { createXdpPort } from "./xdp-port.js";
import { openXdpSocket } from "./xdp-socket.js";

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

/** Room for the answers of a third of a second at 500,000 a second. Memory that was never needed is never taken. */
const RING_BYTES = 32 << 20;

/**
 * Finds out how packets leave: the interface that the routes name, source addresses, and the next hop of each family,
 * to which all its packets go: a router, or a single target on the agent's own link. Throws UserError when there is no
 * route of either family, no source address, or no answering next hop.
 */
export async function planPort(options: PlanPortOptions): Promise<PortPlan> {
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
  const driver = options.driver ?? chooseDriver(used).driver;
  return {
    driver,
    sendingThreads: mostThreads(driver, used, options.sendingThreads ?? 1),
    interface: used,
    ipv4: family4 === null ? null : await resolve(ip, family4),
    ipv6: family6 === null ? null : await resolve(ip, family6),
    ringBytes: options.ringBytes ?? RING_BYTES,
    zeroCopy: options.zeroCopy ?? false,
  };
}

export interface OpenSendOptions {
  /** Hardware queue, for a driver that knows them. */
  readonly queue?: number;
  /** Where the frames are to lie: SEND_FRAME_BYTES from a whole page on. By default memory of the port's own. */
  readonly memory?: Uint8Array;
}

/** Opens the sending half, in the thread that calls; `portable` in the main thread only. Throws UserError. */
export function openSendPort(plan: PortPlan, { queue = 0, memory }: OpenSendOptions = {}): SendPort {
  switch (plan.driver) {
    case "xdp":
      return openXdp(plan, queue, memory);
    case "packet":
      return openPacket(plan, 0, memory);
    case "portable":
      return createPortableSendPort(portableOptions(plan));
  }
}

/** Opens both halves; `xdp` only sends, so that its packets come and go as with `packet` here. Throws UserError. */
export function openPacketPort(plan: PortPlan): PacketPort {
  return plan.driver === "portable" ? createPortablePort(portableOptions(plan)) : openPacket(plan, plan.ringBytes);
}

/** More than any probe needs; slots of 2 KiB would all begin in the same few sets of the processor's caches. */
const SLOT_BYTES = 384;
/** Packets in one batch. */
const SLOTS = 256;

function openPacket(plan: PortPlan, ringBytes: number, memory?: Uint8Array): PacketPort {
  const link = createPacketLink({
    interface: plan.interface,
    filter: replyFilter(FIRST_SOURCE_PORT),
    ignoreOutgoing: true,
    ringBytes,
    slotBytes: SLOT_BYTES,
    slots: SLOTS,
    ...(memory === undefined ? {} : { memory }),
  });
  return createPacketPort({ link, ipv4: plan.ipv4, ipv6: plan.ipv6 });
}

function portableOptions(plan: PortPlan): PortablePortOptions {
  const libc = createLibc();
  interfaceFacts(libc, plan.interface);
  const { interface: interfaceName, ipv4, ipv6, ringBytes } = plan;
  const modules = loadPortableModules();
  return { modules, interfaceName, ipv4, ipv6, ringBytes, slots: SLOTS, slotBytes: SLOT_BYTES };
}

/** Frames of 2 KiB, half of them for the batch that is being filled: few enough to stay in the processor's cache. */
const XDP_FRAMES = 512;
const FRAME_BYTES = 2048;
/** What a send port needs for its frames, whatever the driver. */
export const SEND_FRAME_BYTES = XDP_FRAMES * FRAME_BYTES;

function openXdp(plan: PortPlan, queue: number, memory?: Uint8Array): SendPort {
  const libc = createLibc();
  const { index, macAddress } = interfaceFacts(libc, plan.interface);
  const socket = openXdpSocket(libc, {
    interfaceIndex: index,
    queue,
    zeroCopy: plan.zeroCopy,
    frames: XDP_FRAMES,
    frameBytes: FRAME_BYTES,
    ringSize: XDP_FRAMES,
    ...(memory === undefined ? {} : { memory }),
  });
  return createXdpPort({
    libc,
    socket,
    interfaceName: plan.interface,
    headers: ethernetHeaders(plan, macAddress),
    frameBytes: FRAME_BYTES,
    slots: SLOTS,
  });
}

async function routeOf(ip: IpCommand, family: 4 | 6, options: PlanPortOptions): Promise<Route | null> {
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
