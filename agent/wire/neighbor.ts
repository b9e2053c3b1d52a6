import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../shared/errors.js";
import type { IpCommand } from "./ip-command.js";

export interface NeighborQuery {
  readonly interface: string;
  /** Address text of the neighbour. */
  readonly address: string;
}

/** Makes the kernel ask for a neighbour's MAC address. */
type Nudge = (query: NeighborQuery) => Promise<void>;

export interface NeighborOptions {
  readonly nudge?: Nudge;
  readonly pauseMs?: number;
  readonly attempts?: number;
}

const entrySchema = z.object({ lladdr: z.string().optional(), state: z.array(z.string()).optional() });
const DISCARD_PORT = 9;

/**
 * The MAC address of a neighbour, from the kernel's own table; an empty datagram to its discard port makes the kernel
 * ask when it is not there. Throws UserError when the neighbour does not answer.
 */
export async function findMacAddress(
  ip: IpCommand,
  query: NeighborQuery,
  { nudge = sendDatagram, pauseMs = 50, attempts = 60 }: NeighborOptions = {},
): Promise<Uint8Array> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const [entry] = (await ip(["neighbor", "show", query.address, "dev", query.interface])) ?? [];
    const parsed = entrySchema.safeParse(entry);
    const mac = parsed.success && !parsed.data.state?.includes("FAILED") ? parseMac(parsed.data.lladdr) : null;
    if (mac !== null) return mac;
    if (attempt % 20 === 0) await nudge(query);
    await sleep(pauseMs);
  }
  throw new UserError(`the next hop ${query.address} on ${query.interface} does not answer`, {
    remedy: "check that it is up and that the route through it is right (`ip neighbor`, `ip route`)",
  });
}

function parseMac(text: string | undefined): Uint8Array | null {
  if (text === undefined || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return null;
  return Uint8Array.from(text.split(":"), (part) => Number.parseInt(part, 16));
}

function sendDatagram({ address, interface: dev }: NeighborQuery): Promise<void> {
  const isIpv6 = address.includes(":");
  const to = /^fe[89ab]/i.test(address) ? `${address}%${dev}` : address;
  return new Promise((resolve) => {
    const socket = createSocket(isIpv6 ? "udp6" : "udp4");
    // Whether or not it could be sent, the table is looked at again.
    const finish = (): void => {
      socket.close();
      resolve();
    };
    socket.once("error", finish);
    socket.send(new Uint8Array(0), DISCARD_PORT, to, finish);
  });
}
