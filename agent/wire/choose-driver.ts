import { errorMessage } from "../../shared/errors.js";
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

function tryXdp(libc: Libc, interfaceName: string): void {
  const { index } = interfaceFacts(libc, interfaceName);
  const small = { queue: 0, zeroCopy: false, frames: 64, frameBytes: 2048, ringSize: 64 };
  openXdpSocket(libc, { interfaceIndex: index, ...small }).close();
}

function tryPacket(libc: Libc): void {
  const fd = libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC_NONBLOCK, 0);
  if (fd < 0) throw systemError(libc, "open a raw socket");
  libc.close(fd);
}
