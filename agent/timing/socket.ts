import { Socket } from "node:net";
import { addressFamily, formatAddress } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import type { Target } from "../../shared/target/source.js";
import type { Transport } from "../../shared/timing/names.js";
import { AF_INET, AF_INET6, IPPROTO_MPTCP, IPPROTO_TCP, SOCK_STREAM_CLOEXEC_NONBLOCK } from "../wire/constants.js";
import type { Libc } from "../wire/libc.js";
import { type MptcpInfo, readMptcpInfo } from "./mptcp-info.js";

/** A socket that is connecting. */
export interface OpenSocket {
  readonly socket: Socket;
  /** What MPTCP came to; null for TCP, and when the socket is closed. */
  mptcp(): MptcpInfo | null;
}

/**
 * Begins a connection over one transport. Node makes no MPTCP sockets, but works with any stream socket that it is given:
 * both kinds are made in the same way, so that their times can be compared. `source` null: by the route.
 *
 * @throws UserError when the kernel makes no such socket or does not let it have the source address
 */
export function openSocket(libc: Libc, transport: Transport, target: Target, source: Uint8Array | null): OpenSocket {
  const family = addressFamily(target.address);
  const protocol = transport === "mptcp" ? IPPROTO_MPTCP : IPPROTO_TCP;
  const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM_CLOEXEC_NONBLOCK, protocol);
  if (fd < 0) throw noSocket(libc, transport);
  if (source !== null) bindTo(libc, fd, source);
  // Nothing can be read before there is a connection.
  const socket = new Socket({ fd, manualStart: true } as ConstructorParameters<typeof Socket>[0]);
  socket.setNoDelay(true);
  socket.connect({ host: formatAddress(target.address), port: target.port });
  return { socket, mptcp: () => (transport === "tcp" || socket.destroyed ? null : readMptcpInfo(libc, fd)) };
}

function bindTo(libc: Libc, fd: number, source: Uint8Array): void {
  const address = socketAddress(source);
  if (libc.bind(fd, address, address.length) === 0) return;
  const name = libc.errorName(libc.errno());
  libc.close(fd);
  throw new UserError(`cannot send from ${formatAddress(source)} (${name})`, {
    remedy: "the address must be on this machine",
  });
}

/** struct sockaddr_in or sockaddr_in6, any port. */
function socketAddress(address: Uint8Array): Uint8Array {
  const isIpv4 = addressFamily(address) === 4;
  const bytes = new Uint8Array(isIpv4 ? 16 : 28);
  bytes[0] = isIpv4 ? AF_INET : AF_INET6;
  bytes.set(isIpv4 ? address.subarray(12) : address, isIpv4 ? 4 : 8);
  return bytes;
}

function noSocket(libc: Libc, transport: Transport): UserError {
  const name = libc.errorName(libc.errno());
  return name === "EMFILE" || name === "ENFILE"
    ? new UserError(`no more sockets (${name})`, { remedy: "raise the limit of open files of this program" })
    : new UserError(`the kernel makes no ${transport === "mptcp" ? "MPTCP" : "TCP"} socket (${name})`, {
        remedy: "time from a Linux kernel with MPTCP (5.6 or later)",
      });
}
