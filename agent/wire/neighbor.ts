import { z } from "zod";
import { addressFamily, formatAddress } from "../../shared/address/address.js";
import { prefixContains } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import { arpRequest, macInArpReply } from "./arp.js";
import { neighborFilter } from "./filter.js";
import { interfaceAddresses } from "./interface-addresses.js";
import type { IpCommand } from "./ip-command.js";
import type { Link } from "./link.js";
import { macInAdvertisement, neighborSolicitation } from "./neighbor-discovery.js";
import { createPacketLink } from "./packet-link.js";

export interface NeighborQuery {
  readonly interface: string;
  /** 16 bytes, IPv4 mapped. */
  readonly address: Uint8Array;
  /** An address of ours, to ask from where the interface has none that is nearer to the neighbour. */
  readonly source: Uint8Array;
}

export interface NeighborOptions {
  /** How often the neighbour is asked, and how long each answer may take. */
  readonly attempts?: number;
  readonly waitMs?: number;
  readonly openLink?: (interfaceName: string) => Link;
}

/** MAX_MULTICAST_SOLICIT and RETRANS_TIMER of RFC 4861 section 10; RFC 826 names none. */
const ATTEMPTS = 3;
const WAIT_MS = 1000;

/**
 * The MAC address of a neighbour: that which an administrator has written into the kernel's table, else what the neighbour
 * itself answers (ARP, neighbour discovery). Throws UserError when it does not answer, or without the right to ask.
 */
export async function findMacAddress(
  ip: IpCommand,
  query: NeighborQuery,
  { attempts = ATTEMPTS, waitMs = WAIT_MS, openLink = openNeighborLink }: NeighborOptions = {},
): Promise<Uint8Array> {
  const text = formatAddress(query.address);
  const entered = await enteredMac(ip, query.interface, text);
  if (entered !== null) return entered;
  const own = await askingAddress(ip, query);
  const link = openLink(query.interface);
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const mac = await ask(link, own, query.address, waitMs);
      if (mac !== null) return mac;
    }
  } finally {
    link.close();
  }
  throw new UserError(`the next hop ${text} on ${query.interface} does not answer`, {
    remedy: "check that it is up and that the route through it is right (`ip neighbor`, `ip route`)",
  });
}

async function ask(link: Link, own: Uint8Array, neighbor: Uint8Array, waitMs: number): Promise<Uint8Array | null> {
  const isIpv4 = addressFamily(neighbor) === 4;
  const question = { ownMac: link.macAddress, own, neighbor };
  const frame = isIpv4 ? arpRequest(question) : neighborSolicitation(question);
  link.slot(0).set(frame);
  link.setLength(0, frame.length);
  link.send(1);
  const untilMs = performance.now() + waitMs;
  let found: Uint8Array | null = null;
  for (let leftMs = waitMs; leftMs > 0 && found === null; leftMs = untilMs - performance.now()) {
    if (!(await link.wait(leftMs))) continue;
    link.receive((received, _capturedUs, { outgoing }) => {
      if (outgoing || found !== null) return;
      const mac = isIpv4 ? macInArpReply(received, neighbor) : macInAdvertisement(received, neighbor);
      // The first bit to travel marks a group's address, which no neighbour has.
      if (mac !== null && ((mac[0] ?? 1) & 1) === 0) found = mac;
    }, MOST_FRAMES);
  }
  return found;
}

const MOST_FRAMES = 64;
const FRAME_BYTES = 128;
/** The smallest there is. */
const RING_BYTES = 1;

function openNeighborLink(interfaceName: string): Link {
  return createPacketLink({
    interface: interfaceName,
    filter: neighborFilter(),
    ignoreOutgoing: true,
    slots: 1,
    slotBytes: FRAME_BYTES,
    ringBytes: RING_BYTES,
  });
}

/** As the kernel asks: from an address of the neighbour's own network, so that the answer finds us. */
async function askingAddress(ip: IpCommand, { interface: dev, address, source }: NeighborQuery): Promise<Uint8Array> {
  const family = addressFamily(address);
  const own = await interfaceAddresses(ip, family, dev);
  const near =
    family === 4 ? own.find((one) => prefixContains(one, address)) : own.find(({ scope }) => scope === "link");
  return near?.address ?? source;
}

const entrySchema = z.object({ lladdr: z.string().optional(), state: z.array(z.string()).optional() });

async function enteredMac(ip: IpCommand, dev: string, address: string): Promise<Uint8Array | null> {
  const [entry] = (await ip(["neighbor", "show", address, "dev", dev])) ?? [];
  const parsed = entrySchema.safeParse(entry);
  return parsed.success && parsed.data.state?.includes("PERMANENT") ? parseMac(parsed.data.lladdr) : null;
}

function parseMac(text: string | undefined): Uint8Array | null {
  if (text === undefined || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return null;
  return Uint8Array.from(text.split(":"), (part) => Number.parseInt(part, 16));
}
