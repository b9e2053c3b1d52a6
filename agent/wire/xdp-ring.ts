import { MAP_OVER_WITH_ZERO_PAGES, MAP_SHARED, PROT_READ_WRITE } from "./constants.js";
import type { Libc } from "./libc.js";
import { systemError } from "./system-error.js";

/** Offsets of a ring's parts from the start of its mapping (struct xdp_ring_offset). */
export interface RingOffsets {
  readonly producer: number;
  readonly consumer: number;
  readonly entries: number;
  readonly flags: number;
}

/**
 * A ring between this process and the kernel (Linux Documentation/networking/af_xdp.rst): one side produces, the other
 * consumes, each moves its own counter of 32 bits that wraps. Counters are read and written by Atomics, which order
 * them with the entries also on machines that reorder (arm64).
 */
export interface XdpRing {
  /** The entries, as 32-bit words. */
  readonly words: Int32Array;
  /** Entries; a power of two. */
  readonly size: number;
  producer(): number;
  setProducer(count: number): void;
  consumer(): number;
  setConsumer(count: number): void;
  flags(): number;
  /** Gives the mapping back: views then show zeros, they never fault. */
  release(): void;
}

export interface MapRingOptions {
  readonly offsets: RingOffsets;
  readonly size: number;
  readonly entryBytes: number;
  /** Which ring: an XDP_…PGOFF_… constant. */
  readonly page: number;
}

/** Maps a ring whose size was set on the socket before. Throws UserError. */
export function mapRing(libc: Libc, fd: number, { offsets, size, entryBytes, page }: MapRingOptions): XdpRing {
  const bytes = offsets.entries + size * entryBytes;
  const mapped = BigInt(libc.mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, page));
  if (mapped === 0xffff_ffff_ffff_ffffn) throw systemError(libc, "map a ring");
  const memory = libc.view(mapped, bytes);
  const all = new Int32Array(memory.buffer, memory.byteOffset, bytes >>> 2);
  const producerAt = offsets.producer >>> 2;
  const consumerAt = offsets.consumer >>> 2;
  const flagsAt = offsets.flags >>> 2;
  return {
    words: all.subarray(offsets.entries >>> 2),
    size,
    producer: () => Atomics.load(all, producerAt),
    setProducer: (count) => void Atomics.store(all, producerAt, count),
    consumer: () => Atomics.load(all, consumerAt),
    setConsumer: (count) => void Atomics.store(all, consumerAt, count),
    flags: () => Atomics.load(all, flagsAt),
    release: () => void libc.mmap(mapped, bytes, PROT_READ_WRITE, MAP_OVER_WITH_ZERO_PAGES, -1, 0),
  };
}
