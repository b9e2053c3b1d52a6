import { Socket } from "node:net";
import koffi from "koffi";
import { socketAddress } from "../../../deploy/lab/listeners.js";
import { addressFamily, parseAddress } from "../../../shared/address/address.js";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const IPPROTO_MPTCP = 262;
const EINPROGRESS = 115;

/** Opens an MPTCP connection from the network namespace that the thread is in; what is written waits until it is open. */
export function dialMptcp(address: string, port: number): Socket {
  const libc = koffi.load(null);
  const socket: (family: number, type: number, protocol: number) => number = libc.func("int socket(int, int, int)");
  const connect: (fd: number, to: Uint8Array, bytes: number) => number = libc.func(
    "int connect(int, void *, uint32_t)",
  );
  const family = addressFamily(parseAddress(address)) === 4 ? AF_INET : AF_INET6;
  const fd = socket(family, SOCK_STREAM_NONBLOCK_CLOEXEC, IPPROTO_MPTCP);
  if (fd < 0) throw new Error(`an MPTCP socket: errno ${koffi.errno()}`);
  const to = socketAddress(family, address, port);
  if (connect(fd, to, to.length) < 0 && koffi.errno() !== EINPROGRESS) {
    throw new Error(`connect to ${address}: errno ${koffi.errno()}`);
  }
  const opened = new Socket({ fd, readable: true, writable: true });
  opened.on("error", () => undefined);
  return opened;
}
