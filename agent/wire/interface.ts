import { UserError } from "../../shared/errors.js";
import { AF_INET, ARPHRD_ETHER, ARPHRD_LOOPBACK, SIOCGIFHWADDR, SIOCGIFINDEX, SOCK_DGRAM } from "./constants.js";
import type { Libc } from "./libc.js";
import { systemError } from "./system-error.js";

export interface InterfaceFacts {
  readonly index: number;
  readonly macAddress: Uint8Array;
}

/** Index and MAC address by ioctl (sysfs may show another namespace's). Throws UserError for a name that is not one. */
export function readInterface(libc: Libc, fd: number, name: string): InterfaceFacts {
  const encoded = new TextEncoder().encode(name);
  // struct ifreq: name[16], then a union of 24 bytes
  if (encoded.length === 0 || encoded.length > 15) throw noSuchInterface(name);
  const request = new Uint8Array(128);
  request.set(encoded);
  if (libc.ioctl(fd, SIOCGIFINDEX, request) !== 0) throw noSuchInterface(name);
  const index = new DataView(request.buffer).getInt32(16, true);
  request.fill(0, 16);
  if (libc.ioctl(fd, SIOCGIFHWADDR, request) !== 0) throw systemError(libc, `read the hardware address of ${name}`);
  const type = new DataView(request.buffer).getUint16(16, true);
  if (type !== ARPHRD_ETHER && type !== ARPHRD_LOOPBACK) {
    throw new UserError(`interface ${name} is not Ethernet (hardware type ${type})`, {
      remedy: "use an Ethernet interface; tunnels without a link layer are not supported",
      exitCode: 2,
    });
  }
  return { index, macAddress: request.slice(18, 24) };
}

/** As `readInterface`, by a socket of its own that needs no privilege. */
export function interfaceFacts(libc: Libc, name: string): InterfaceFacts {
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) throw systemError(libc, `look at interface ${name}`);
  try {
    return readInterface(libc, fd, name);
  } finally {
    libc.close(fd);
  }
}

/** What to say of a name that no interface has. */
export function noSuchInterface(name: string): UserError {
  return new UserError(`no interface named "${name}"`, { remedy: "name one that `ip link` shows", exitCode: 2 });
}
