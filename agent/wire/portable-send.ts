import { networkInterfaces } from "node:os";
import { formatAddress, ipv4FromNumber } from "../../shared/address/address.js";
import { errorMessage, UserError } from "../../shared/errors.js";
import { u32 } from "../../shared/packet/ip.js";
import type { SendPort } from "./port.js";
import type { RawSocket, RawSocketModule } from "./portable-modules.js";
import { slotBySlot } from "./slot-by-slot.js";

export interface PortableSendOptions {
  readonly raw: RawSocketModule;
  readonly interfaceName: string;
  /** Families that can be sent. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Packets in one batch, and accepted ones that may wait for the kernel. */
  readonly slots: number;
  /** A multiple of four. */
  readonly slotBytes: number;
}

/** Nothing is received on it, and the IP header is the caller's (raw(7), and in Linux for IPv6 too). */
const IPPROTO_RAW = 255;
/** strerror(3) of what is to be tried again. */
const BUSY = new Set(["Resource temporarily unavailable", "No buffer space available", "Interrupted system call"]);
const NO_RIGHT = new Set(["Operation not permitted", "Permission denied"]);
/** At the end, for what was accepted and waits for the kernel. */
const DRAIN_MS = 1000;

/**
 * Sends through the kernel's own routing and neighbour table, bound to the interface. A batch is copied when it is
 * accepted and then leaves packet by packet, in order, in the event loop. The kernel fills in the checksum and the total
 * length of IPv4 headers itself.
 */
export function createPortableSend(options: PortableSendOptions): SendPort {
  const { raw, interfaceName, slots, slotBytes } = options;
  const socket4 = options.ipv4 ? openSocket(raw, interfaceName, raw.AddressFamily.IPv4) : null;
  const socket6 = options.ipv6 ? openSocket(raw, interfaceName, raw.AddressFamily.IPv6) : null;
  const words = new Int32Array((slots * slotBytes) >>> 2);
  const buffers = Array.from({ length: slots }, (_, i) => new Uint8Array(words.buffer, i * slotBytes, slotBytes));
  const lengths = new Int32Array(slots);
  /** Accepted; the first one is with the kernel. Whole copies: the native code keeps no reference of its own. */
  const waiting: { readonly socket: RawSocket; readonly packet: Uint8Array; readonly to: string }[] = [];
  let sent = 0;
  let sendErrors = 0;
  let failed: UserError | null = null;
  let closed = false;
  let ended = false;
  let drain: NodeJS.Timeout | undefined;

  for (const socket of [socket4, socket6])
    socket?.on("error", (error) => fail(`a raw socket failed: ${error.message}`));

  function fail(what: string): void {
    failed ??= new UserError(`cannot send packets on ${interfaceName}: ${what}`, {
      remedy: "check that the interface is up (`ip link`)",
    });
    sendErrors += waiting.length;
    waiting.length = 0;
    if (closed) end();
  }

  function end(): void {
    if (ended) return;
    ended = true;
    clearTimeout(drain);
    socket4?.close();
    socket6?.close();
  }

  function sendFirst(): void {
    const [first] = waiting;
    if (first !== undefined) first.socket.send(first.packet, 0, first.packet.length, first.to, onSent);
    else if (closed) end();
  }

  function onSent(error: Error | null): void {
    if (ended || failed !== null) return;
    if (error === null) sent++;
    else if (!BUSY.has(error.message)) {
      sendErrors++;
      // What is wrong with one destination is no reason to send nothing to the others.
      if (!isUp(interfaceName)) {
        waiting.shift();
        fail("the interface is down");
        return;
      }
    }
    if (error === null || !BUSY.has(error.message)) waiting.shift();
    sendFirst();
  }

  function buffer(i: number): Uint8Array {
    const found = buffers[i];
    if (found === undefined) throw new RangeError(`slot ${i} of ${slots}`);
    return found;
  }

  const socketFor = (packet: Uint8Array): RawSocket | null => ((packet[0] ?? 0) >>> 4 === 4 ? socket4 : socket6);

  const slotAt = (i: number): number => (i * slotBytes) >>> 2;

  function setLength(i: number, bytes: number): void {
    const packet = buffer(i);
    if (!(bytes > 0 && bytes <= slotBytes)) {
      throw new RangeError(`packet of ${bytes} bytes in slot ${i}, which holds ${slotBytes}`);
    }
    if (socketFor(packet) === null) throw new RangeError(`no route for the family of the packet in slot ${i}`);
    lengths[i] = bytes;
  }

  return {
    driver: "portable",
    interfaceName,
    slots,
    slotBytes,
    words,
    slot: buffer,
    slotAt,
    setLength,
    ...slotBySlot({ words, slots, slotAt, setLength }),
    send(count, first = 0) {
      if (failed !== null) throw failed;
      if (closed) return 0;
      const accepted = Math.max(0, Math.min(count - first, slots - waiting.length));
      const wasIdle = waiting.length === 0;
      for (let i = first; i < first + accepted; i++) {
        const packet = buffer(i).slice(0, lengths[i]);
        const socket = socketFor(packet);
        if (socket === null) throw new RangeError(`no route for the family of the packet in slot ${i}`);
        waiting.push({ socket, packet, to: destinationOf(packet) });
      }
      if (wasIdle && accepted > 0) sendFirst();
      return accepted;
    },
    sendStats: () => ({ sent, sendErrors }),
    close() {
      if (closed) return;
      closed = true;
      if (waiting.length === 0) end();
      else drain = setTimeout(end, DRAIN_MS);
    },
  };
}

function openSocket(raw: RawSocketModule, interfaceName: string, addressFamily: number): RawSocket {
  const { SocketLevel, SocketOption } = raw;
  try {
    const socket = raw.createSocket({ protocol: IPPROTO_RAW, addressFamily });
    socket.pauseRecv();
    if (addressFamily === raw.AddressFamily.IPv4) {
      socket.setOption(SocketLevel.IPPROTO_IP, SocketOption.IP_HDRINCL, new Uint8Array(Int32Array.of(1).buffer), 4);
    }
    if (SocketOption.SO_BINDTODEVICE !== undefined) {
      const name = new TextEncoder().encode(`${interfaceName}\0`);
      socket.setOption(SocketLevel.SOL_SOCKET, SocketOption.SO_BINDTODEVICE, name, name.length);
    }
    return socket;
  } catch (cause) {
    const what = errorMessage(cause);
    throw new UserError(`cannot open a raw socket on ${interfaceName}: ${what}`, {
      remedy: NO_RIGHT.has(what)
        ? "run as root or give the program CAP_NET_RAW, for instance through systemd's AmbientCapabilities"
        : "check the interface and the kernel's log",
      cause,
    });
  }
}

function destinationOf(packet: Uint8Array): string {
  return formatAddress((packet[0] ?? 0) >>> 4 === 4 ? ipv4FromNumber(u32(packet, 16)) : packet.subarray(24, 40));
}

/** Only interfaces that are up and have an address are listed. */
function isUp(interfaceName: string): boolean {
  return interfaceName in networkInterfaces();
}
