import { closeSync, openSync } from "node:fs";
import koffi from "koffi";
import { addressFamily, parseAddress } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const IPPROTO_IPV6 = 41;
const IPPROTO_TCP = 6;
const IPPROTO_MPTCP = 262;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const IPV6_V6ONLY = 26;
const CLONE_NEWNET = 0x4000_0000;
const BACKLOG = 65_535;

export interface ListenerOptions {
  readonly namespace: string;
  readonly protocol: "mptcp" | "tcp";
  /** Address to bind; "0.0.0.0" and "::" for all of a family. */
  readonly address: string;
  readonly port: number;
}

/** Opens listening sockets in other network namespaces; must run on the main thread, whose namespace it changes for the call. */
export function createListenerFactory(): (options: ListenerOptions) => number {
  const libc = koffi.load(null);
  const setns = libc.func("int setns(int, int)");
  const socket = libc.func("int socket(int, int, int)");
  const bind = libc.func("int bind(int, const void *, uint32_t)");
  const listen = libc.func("int listen(int, int)");
  const setsockopt = libc.func("int setsockopt(int, int, int, const void *, uint32_t)");
  const own = openSync("/proc/self/ns/net", "r");
  const one = Buffer.from(Int32Array.of(1).buffer);

  return ({ namespace, protocol, address, port }) => {
    const check = (result: number, doing: string): number => {
      if (result >= 0) return result;
      throw new UserError(`the lab cannot ${doing} in ${namespace} (errno ${koffi.errno()})`, {
        remedy:
          protocol === "mptcp" ? "the kernel must have MPTCP (5.6 or later, net.mptcp.enabled = 1)" : "see the errno",
      });
    };
    const there = openSync(`/run/netns/${namespace}`, "r");
    try {
      check(setns(there, CLONE_NEWNET), "enter the namespace");
      const family = addressFamily(parseAddress(address)) === 4 ? AF_INET : AF_INET6;
      const fd = check(
        socket(family, SOCK_STREAM_CLOEXEC, protocol === "mptcp" ? IPPROTO_MPTCP : IPPROTO_TCP),
        `make a ${protocol} socket`,
      );
      // Lets a socket of one address stand beside that of all addresses.
      check(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, one, 4), "share the port");
      if (family === AF_INET6) check(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, one, 4), "keep to IPv6");
      const where = socketAddress(family, address, port);
      check(bind(fd, where, where.length), `bind ${address} port ${port}`);
      check(listen(fd, BACKLOG), "listen");
      return fd;
    } finally {
      setns(own, CLONE_NEWNET);
      closeSync(there);
    }
  };
}

/** struct sockaddr_in or sockaddr_in6 */
export function socketAddress(family: number, address: string, port: number): Buffer {
  const bytes = Buffer.from(parseAddress(address));
  const head = Buffer.alloc(4);
  head.writeUInt16LE(family, 0);
  head.writeUInt16BE(port, 2);
  return family === AF_INET
    ? Buffer.concat([head, bytes.subarray(12), Buffer.alloc(8)])
    : Buffer.concat([head, Buffer.alloc(4), bytes, Buffer.alloc(4)]);
}
