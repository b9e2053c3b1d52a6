import {
  AF_PACKET,
  ETH_P_ALL,
  PACKET_IGNORE_OUTGOING,
  PACKET_STATISTICS,
  SO_ATTACH_FILTER,
  SO_SNDBUFFORCE,
  SOCK_RAW_CLOEXEC_NONBLOCK,
  SOL_PACKET,
  SOL_SOCKET,
} from "./constants.js";
import { readInterface } from "./interface.js";
import { createLibc, type Libc } from "./libc.js";
import type { Link } from "./link.js";
import { createReceiveRing } from "./receive-ring.js";
import { createSendRing } from "./send-ring.js";
import { systemError } from "./system-error.js";

export interface PacketLinkOptions {
  readonly interface: string;
  /** Frames that one `send` can take. */
  readonly slots?: number;
  /** Bytes that each takes, about 40 of them for the kernel; a power of two. */
  readonly slotBytes?: number;
  /** Where the slots are to lie: whole pages. */
  readonly memory?: Uint8Array;
  /** Bytes of the receive ring; 0: the link only sends. */
  readonly ringBytes?: number;
  /** How long the kernel may keep a frame before it hands over a block that is not full. */
  readonly blockTimeoutMs?: number;
  /** The kernel keeps frames back that this host sent; else they come with `outgoing` set. */
  readonly ignoreOutgoing?: boolean;
  /** EtherType of the frames to receive; by default all. With one of its own no frame that leaves is shown to the socket. */
  readonly etherType?: number;
  /** A classic BPF program (struct sock_filter, 8 bytes an instruction) that picks the frames to receive. */
  readonly filter?: Uint8Array;
}

/**
 * Opens whole Ethernet frames on one interface: an AF_PACKET socket with a TPACKET_V3 receive ring, and one with a
 * transmit ring. Needs CAP_NET_RAW. Throws UserError naming what is missing. A frame given to a handler is a view into
 * the ring, valid during the call only.
 */
export function createPacketLink(options: PacketLinkOptions): Link {
  const libc = createLibc();
  const fds: number[] = [];
  try {
    return openLink(libc, options, () => {
      // Protocol 0 receives nothing until bind, so no frame comes in before the filter is there.
      const fd = libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC_NONBLOCK, 0);
      if (fd < 0) throw systemError(libc, opening(options));
      fds.push(fd);
      return fd;
    });
  } catch (error) {
    for (const fd of fds) libc.close(fd);
    throw error;
  }
}

const opening = (options: PacketLinkOptions): string => `open a raw socket on ${options.interface}`;

function openLink(libc: Libc, options: PacketLinkOptions, openSocket: () => number): Link {
  const { interface: name, slots = 256, slotBytes = 2048, ringBytes = 8 << 20, blockTimeoutMs = 2 } = options;
  // Two sockets, as both rings of one would have to be of the same version.
  const outFd = openSocket();
  const facts = readInterface(libc, outFd, name);
  // Needs CAP_NET_ADMIN; without it the default buffer only makes `send` say "busy" earlier.
  libc.setsockopt(outFd, SOL_SOCKET, SO_SNDBUFFORCE, int32(4 << 20), 4);
  const out = createSendRing(libc, outFd, {
    slots,
    slotBytes,
    ...(options.memory === undefined ? {} : { memory: options.memory }),
  });
  // Bound to protocol 0 a socket receives nothing.
  bind(outFd, 0);

  const fd = ringBytes === 0 ? outFd : openSocket();
  if (options.filter !== undefined) attachFilter(libc, fd, options.filter);
  if (options.ignoreOutgoing) setFlag(libc, fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "leave out its own frames");
  const ring = ringBytes === 0 ? null : createReceiveRing(libc, fd, { ringBytes, blockTimeoutMs });
  if (ring !== null) bind(fd, options.etherType ?? ETH_P_ALL);

  function bind(socket: number, protocol: number): void {
    // struct sockaddr_ll: family, protocol (network order), interface index
    const address = new Uint8Array(20);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setUint16(2, protocol, false);
    view.setInt32(4, facts.index, true);
    if (libc.bind(socket, address, address.length) !== 0) throw systemError(libc, opening(options));
  }

  const memory = new Uint8Array(out.words.buffer, out.words.byteOffset, out.words.byteLength);
  const poll = libc.poll(fd);
  const counters = { sent: 0, sendErrors: 0, received: 0, kernelDrops: 0 };
  let waiting: { readonly promise: Promise<boolean>; readonly settle: (readable: boolean) => void } | null = null;
  let closed = false;

  function wait(timeoutMs: number): Promise<boolean> {
    if (closed) return Promise.resolve(false);
    if (waiting !== null) return waiting.promise;
    let settle: (readable: boolean) => void = () => {};
    const promise = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => settle(false), timeoutMs);
      settle = (readable) => {
        clearTimeout(timer);
        poll.stop();
        waiting = null;
        resolve(readable);
      };
      poll.start(() => settle(true));
    });
    waiting = { promise, settle };
    return promise;
  }

  function readDrops(): void {
    // struct tpacket_stats_v3; the kernel sets it to zero at every reading
    const stats = new Uint32Array(3);
    const bytes = Uint32Array.of(12);
    if (libc.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, new Uint8Array(stats.buffer), bytes) === 0) {
      counters.kernelDrops += stats[1] ?? 0;
    }
  }

  return {
    interfaceName: name,
    interfaceIndex: facts.index,
    macAddress: facts.macAddress,
    slots,
    frameBytes: out.frameBytes,
    words: out.words,
    frameAt: out.frameAt,
    frameStarts: out.frameStarts,
    firstFrame: out.firstFrame,
    slot(i) {
      const start = out.frameAt(i);
      return memory.subarray(start, start + out.frameBytes);
    },
    setLength: out.setLength,
    send(count, first = 0) {
      if (closed) return 0;
      try {
        const taken = out.send(count, first);
        counters.sent += taken;
        return taken;
      } catch (error) {
        counters.sendErrors++;
        throw error;
      }
    },
    receive(handler, budget) {
      const taken = ring?.receive(handler, budget) ?? 0;
      counters.received += taken;
      return taken;
    },
    wait,
    stats() {
      if (!closed) readDrops();
      return { ...counters };
    },
    close() {
      if (closed) return;
      readDrops();
      closed = true;
      waiting?.settle(false);
      poll.close();
      ring?.release();
      out.release();
      libc.close(outFd);
      if (fd !== outFd) libc.close(fd);
    },
  };
}

function attachFilter(libc: Libc, fd: number, program: Uint8Array): void {
  // A copy of more than 64 bytes: its address must not move during the call.
  const instructions = new Uint8Array(Math.max(128, program.length));
  instructions.set(program);
  // struct sock_fprog: count, padding, address
  const fprog = new Uint8Array(16);
  const view = new DataView(fprog.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, libc.addressOf(instructions), true);
  if (libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog, 16) !== 0) throw systemError(libc, "attach a filter");
}

function setFlag(libc: Libc, fd: number, level: number, name: number, value: number, doing: string): void {
  if (libc.setsockopt(fd, level, name, int32(value), 4) !== 0) throw systemError(libc, doing);
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
