import {
  AF_XDP,
  MAP_NEW_MEMORY,
  MAP_OVER_WITH_ZERO_PAGES,
  PROT_READ_WRITE,
  SOCK_RAW_CLOEXEC,
  SOL_XDP,
  XDP_COPY,
  XDP_MAX_TX_SKB_BUDGET,
  XDP_MMAP_OFFSETS,
  XDP_PGOFF_TX_RING,
  XDP_TX_RING,
  XDP_UMEM_COMPLETION_RING,
  XDP_UMEM_FILL_RING,
  XDP_UMEM_PGOFF_COMPLETION_RING,
  XDP_UMEM_REG,
  XDP_USE_NEED_WAKEUP,
  XDP_ZEROCOPY,
} from "./constants.js";
import type { Libc } from "./libc.js";
import { systemError } from "./system-error.js";
import { mapRing, type RingOffsets, type XdpRing } from "./xdp-ring.js";

export interface XdpSocketOptions {
  readonly interfaceIndex: number;
  readonly queue: number;
  /** Frames are read by the network card itself. Needs a driver that can; not measured by this project. */
  readonly zeroCopy: boolean;
  readonly frames: number;
  /** A part of CHUNK_BYTES: more than one frame to a chunk keeps them all in few pages and cache lines. */
  readonly frameBytes: number;
  /** Descriptors in the transmit ring; a power of two. */
  readonly ringSize: number;
  /** Memory for the frames, from a whole page on; it must stay where it is. By default memory of the socket's own. */
  readonly memory?: Uint8Array;
}

/** An AF_XDP socket that only sends, with the memory that its frames lie in. */
export interface XdpSocket {
  readonly fd: number;
  readonly frames: Uint8Array;
  readonly transmit: XdpRing;
  readonly completion: XdpRing;
  /** The kernel copies frames while it sends them, in our calls. */
  readonly copies: boolean;
  close(): void;
}

/** The least that the kernel takes memory in. A packet may begin anywhere in a chunk and must end in it. */
const CHUNK_BYTES = 2048;

/** A socket can stay busy for a moment after the last one on its queue was closed. */
const BIND_ATTEMPTS = 50;
const BIND_PAUSE_MS = 10;

/** Opens and binds the socket. Needs CAP_NET_RAW, and CAP_IPC_LOCK or a memlock limit. Throws UserError. */
export function openXdpSocket(libc: Libc, options: XdpSocketOptions): XdpSocket {
  const fd = libc.socket(AF_XDP, SOCK_RAW_CLOEXEC, 0);
  if (fd < 0) throw systemError(libc, "open an AF_XDP socket");
  const releases: (() => void)[] = [];
  const close = (): void => {
    for (const release of releases) release();
    libc.close(fd);
  };
  try {
    const bytes = options.frames * options.frameBytes;
    const frames = options.memory?.subarray(0, bytes) ?? ownMemory(libc, bytes, releases);
    registerMemory(libc, fd, libc.addressOf(frames), bytes);
    setSize(libc, fd, XDP_UMEM_FILL_RING, FILL_RING_SIZE);
    setSize(libc, fd, XDP_UMEM_COMPLETION_RING, options.frames);
    setSize(libc, fd, XDP_TX_RING, options.ringSize);
    raiseBudget(libc, fd, options.ringSize);
    const offsets = readOffsets(libc, fd);
    const transmit = mapRing(libc, fd, {
      offsets: offsets.transmit,
      size: options.ringSize,
      entryBytes: 16,
      page: XDP_PGOFF_TX_RING,
    });
    releases.push(transmit.release);
    const completion = mapRing(libc, fd, {
      offsets: offsets.completion,
      size: options.frames,
      entryBytes: 8,
      page: XDP_UMEM_PGOFF_COMPLETION_RING,
    });
    releases.push(completion.release);
    bind(libc, fd, options);
    return { fd, frames, transmit, completion, copies: !options.zeroCopy, close };
  } catch (error) {
    close();
    throw error;
  }
}

function ownMemory(libc: Libc, bytes: number, releases: (() => void)[]): Uint8Array {
  const memory = BigInt(libc.mmap(null, bytes, PROT_READ_WRITE, MAP_NEW_MEMORY, -1, 0));
  if (memory === 0xffff_ffff_ffff_ffffn) throw systemError(libc, "get memory for frames");
  releases.push(() => libc.mmap(memory, bytes, PROT_READ_WRITE, MAP_OVER_WITH_ZERO_PAGES, -1, 0));
  return libc.view(memory, bytes);
}

/** Nothing is received, but a socket cannot be bound without a fill ring. */
const FILL_RING_SIZE = 64;

function registerMemory(libc: Libc, fd: number, memory: bigint, bytes: number): void {
  // struct xdp_umem_reg: address, length, chunk size, headroom, flags
  const registration = new Uint8Array(32);
  const view = new DataView(registration.buffer);
  view.setBigUint64(0, memory, true);
  view.setBigUint64(8, BigInt(bytes), true);
  view.setUint32(16, CHUNK_BYTES, true);
  if (libc.setsockopt(fd, SOL_XDP, XDP_UMEM_REG, registration, 24) !== 0) {
    throw systemError(libc, "lock the memory of AF_XDP frames");
  }
}

function setSize(libc: Libc, fd: number, ring: number, size: number): void {
  if (libc.setsockopt(fd, SOL_XDP, ring, int32(size), 4) !== 0) throw systemError(libc, "set up an AF_XDP ring");
}

/**
 * Frames that the kernel sends in one call in copy mode: 32 without this, which costs a sixth of the speed. Kernels
 * before 6.17 do not know the option and go on with 32.
 */
function raiseBudget(libc: Libc, fd: number, ringSize: number): void {
  libc.setsockopt(fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, int32(Math.min(ringSize, 1024)), 4);
}

function readOffsets(libc: Libc, fd: number): { transmit: RingOffsets; completion: RingOffsets } {
  // struct xdp_mmap_offsets: rx, tx, fill, completion; four 64-bit numbers each, the upper halves 0
  const words = new Uint32Array(32);
  const bytes = Uint32Array.of(128);
  if (libc.getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, new Uint8Array(words.buffer), bytes) !== 0) {
    throw systemError(libc, "set up an AF_XDP ring");
  }
  const ring = (number: number): RingOffsets => ({
    producer: words[number * 8] as number,
    consumer: words[number * 8 + 2] as number,
    entries: words[number * 8 + 4] as number,
    flags: words[number * 8 + 6] as number,
  });
  return { transmit: ring(1), completion: ring(3) };
}

function bind(libc: Libc, fd: number, { interfaceIndex, queue, zeroCopy }: XdpSocketOptions): void {
  // struct sockaddr_xdp: family, flags, interface, queue, descriptor of shared memory
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_XDP, true);
  view.setUint16(2, XDP_USE_NEED_WAKEUP | (zeroCopy ? XDP_ZEROCOPY : XDP_COPY), true);
  view.setUint32(4, interfaceIndex, true);
  view.setUint32(8, queue, true);
  for (let attempt = 1; libc.bind(fd, address, address.length) !== 0; attempt++) {
    if (libc.errorName(libc.errno()) !== "EBUSY" || attempt === BIND_ATTEMPTS) {
      throw systemError(libc, `bind an AF_XDP socket to queue ${queue}${zeroCopy ? " without copying" : ""}`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BIND_PAUSE_MS);
  }
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
