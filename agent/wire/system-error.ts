import { UserError } from "../../shared/errors.js";
import type { Libc } from "./libc.js";

/** What a failed system call on a raw socket means to the person who started the program. */
export function systemError(libc: Libc, doing: string): UserError {
  const name = libc.errorName(libc.errno());
  switch (name) {
    case "EPERM":
    case "EACCES":
      return new UserError(`no right to ${doing} (${name})`, {
        remedy: "run as root or give the program CAP_NET_RAW, for instance through systemd's AmbientCapabilities",
      });
    case "ENODEV":
    case "ENXIO":
      return new UserError(`cannot ${doing}: no such interface (${name})`, {
        remedy: "name one that `ip link` shows",
        exitCode: 2,
      });
    case "ENETDOWN":
      return new UserError(`cannot ${doing}: the interface is down`, { remedy: "bring it up with `ip link set`" });
    case "ENOMEM":
    case "ENOBUFS":
      return new UserError(`cannot ${doing}: no memory in the kernel (${name})`, {
        remedy: "ask for a smaller receive ring",
      });
    default:
      return new UserError(`cannot ${doing} (${name})`, { remedy: "check the interface and the kernel's log" });
  }
}

/** The device queue, a ring or the socket's buffer is full for now: the call may be made again later. */
const BUSY = new Set(["EAGAIN", "EWOULDBLOCK", "ENOBUFS", "EBUSY", "EINTR"]);

/** Whether this error of a call that sends passes by itself. */
export function isBusy(libc: Libc, errno: number): boolean {
  return BUSY.has(libc.errorName(errno));
}
