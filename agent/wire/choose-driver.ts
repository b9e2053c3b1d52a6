import { errorMessage, UserError } from "../../shared/errors.js";
import { AF_PACKET, SOCK_RAW_CLOEXEC_NONBLOCK } from "./constants.js";
import { interfaceFacts } from "./interface.js";
import { createLibc, type Libc } from "./libc.js";
import type { RealDriver } from "./port.js";
import { systemError } from "./system-error.js";
import { openXdpSocket } from "./xdp-socket.js";

export interface DriverChoice {
  readonly driver: RealDriver;
  /** Why the faster ones do not work here. */
  readonly rejected: readonly { readonly driver: RealDriver; readonly why: string }[];
}

/**
 * Opens and closes each driver's socket on the interface, the fastest first, until one works; the last is not tried.
 * Throws UserError when there is no such interface.
 */
export function chooseDriver(interfaceName: string): DriverChoice {
  interfaceFacts(createLibc(), interfaceName);
  const rejected: { driver: RealDriver; why: string }[] = [];
  for (const [driver, attempt] of [
    ["xdp", tryXdp],
    ["packet", tryPacket],
  ] as const) {
    try {
      attempt(createLibc(), interfaceName);
      return { driver, rejected };
    } catch (error) {
      rejected.push({ driver, why: errorMessage(error) });
    }
  }
  return { driver: "portable", rejected };
}

/** How many threads can send at once, at most `wanted`: an AF_XDP socket has a hardware queue to itself. */
export function mostThreads(driver: RealDriver, interfaceName: string, wanted: number): number {
  if (driver === "portable") return 1;
  if (driver !== "xdp") return wanted;
  const libc = createLibc();
  // What keeps even the first queue from being opened is said when it is opened to send.
  let threads = 1;
  while (threads < wanted && hasQueue(libc, interfaceName, threads)) threads++;
  return threads;
}

function hasQueue(libc: Libc, interfaceName: string, queue: number): boolean {
  try {
    tryXdp(libc, interfaceName, queue);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

function tryXdp(libc: Libc, interfaceName: string, queue = 0): void {
  const { index } = interfaceFacts(libc, interfaceName);
  const small = { queue, zeroCopy: false, frames: 64, frameBytes: 2048, ringSize: 64 };
  openXdpSocket(libc, { interfaceIndex: index, ...small }).close();
}

function tryPacket(libc: Libc): void {
  const fd = libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC_NONBLOCK, 0);
  if (fd < 0) throw systemError(libc, "open a raw socket");
  libc.close(fd);
}
