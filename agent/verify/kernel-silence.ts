import { readFileSync } from "node:fs";
import koffi from "koffi";
import { ipv4FromNumber } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import { decodePacket } from "../../shared/packet/decode.js";
import { encodeTcpPacket } from "../../shared/packet/encode.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../../shared/packet/tcp.js";
import { FIRST_HANDSHAKE_PORT, LAST_HANDSHAKE_PORT } from "../../shared/probe/handshake-ports.js";
import { AF_INET, SOCK_RAW_CLOEXEC_NONBLOCK } from "../wire/constants.js";
import { createLibc } from "../wire/libc.js";
import { systemError } from "../wire/system-error.js";

const IPPROTO_TCP = 6;
const LOOPBACK = ipv4FromNumber(0x7f000001);
/** Discard (RFC 863): nobody is spoken to, the port only names the other end. */
const FROM_PORT = 9;
const WAIT_MS = 200;
const POLL_MS = 10;

export const HANDSHAKE_RULE_REMEDY =
  "load deploy/nft/parallax-handshake.nft with `nft -f` before the agent starts (the service manager does it)";

/**
 * Whether this machine's own TCP stays silent on the handshake ports, found by trying: a SYN/ACK that nobody asked for is
 * sent over the loopback interface to the first of them, which a kernel without the rule answers with RST. Needs
 * CAP_NET_RAW, and no right to look at the firewall. Throws UserError where a raw socket cannot be had.
 */
export async function kernelStaysSilent(): Promise<boolean> {
  const libc = createLibc();
  const library = koffi.load(null);
  const sendto: (fd: number, data: Uint8Array, bytes: number, flags: number, to: Uint8Array, size: number) => number =
    library.func("intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)");
  const recv: (fd: number, into: Uint8Array, bytes: number, flags: number) => number = library.func(
    "intptr_t recv(int, void *, size_t, int)",
  );
  const fd = libc.socket(AF_INET, SOCK_RAW_CLOEXEC_NONBLOCK, IPPROTO_TCP);
  if (fd < 0) throw systemError(libc, "open a raw socket");
  try {
    const packet = encodeTcpPacket(
      { source: LOOPBACK, destination: LOOPBACK },
      {
        sourcePort: FROM_PORT,
        destinationPort: FIRST_HANDSHAKE_PORT,
        sequence: 1,
        acknowledgement: 1,
        flags: TCP_SYN | TCP_ACK,
      },
    ).subarray(20);
    // struct sockaddr_in
    const to = Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    if (Number(sendto(fd, packet, packet.length, 0, to, to.length)) < 0) {
      throw systemError(libc, "send on the loopback interface");
    }
    const into = new Uint8Array(256);
    for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
      for (let bytes = recvOnce(); bytes > 0; bytes = recvOnce()) {
        if (isRefusal(into.subarray(0, bytes))) return false;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return true;

    function recvOnce(): number {
      return Number(recv(fd, into, into.length, 0));
    }
  } finally {
    libc.close(fd);
  }
}

function isRefusal(bytes: Uint8Array): boolean {
  const packet = decodePacket(bytes);
  if (packet.kind !== "tcp") return false;
  const { sourcePort, destinationPort, flags } = packet.tcp;
  return sourcePort === FIRST_HANDSHAKE_PORT && destinationPort === FROM_PORT && (flags & TCP_RST) !== 0;
}

/** Throws UserError when the kernel would end every handshake by itself. */
export async function needSilentKernel(): Promise<void> {
  if (await kernelStaysSilent()) return;
  throw new UserError(`this machine's own TCP answers on ports ${PORTS}, and would end every handshake`, {
    remedy: HANDSHAKE_RULE_REMEDY,
  });
}

export const PORTS = `${FIRST_HANDSHAKE_PORT} to ${LAST_HANDSHAKE_PORT}`;

/** Whether Linux may give a handshake port to a connection of somebody else; null where that cannot be read. */
export function portsAreShared(path = "/proc/sys/net/ipv4/ip_local_port_range"): boolean | null {
  try {
    const [first = 0, last = 0] = readFileSync(path, "utf8").trim().split(/\s+/).map(Number);
    return first <= LAST_HANDSHAKE_PORT && last >= FIRST_HANDSHAKE_PORT;
  } catch {
    // Not Linux, or a container without /proc: there is nothing to compare with.
    return null;
  }
}
