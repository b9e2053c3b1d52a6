import {
  MAP_OVER_WITH_ZERO_PAGES,
  MAP_SHARED,
  PACKET_RX_RING,
  PACKET_VERSION,
  PROT_READ_WRITE,
  SOL_PACKET,
  TPACKET_V3,
} from "./constants.js";
import type { Libc } from "./libc.js";
import type { FrameHandler } from "./link.js";
import { systemError } from "./system-error.js";

/**
 * A TPACKET_V3 receive ring (Linux Documentation/networking/packet_mmap.rst): blocks of frames shared with the kernel.
 * A block becomes readable when it is full or when `blockTimeoutMs` have passed since its first frame.
 */
export interface ReceiveRing {
  receive(handler: FrameHandler, budget: number): number;
  /** Gives the memory back. Views that somebody kept then show zeros; they never fault. */
  release(): void;
}

const BLOCK_BYTES = 1 << 18;

// struct tpacket_block_desc, in 32-bit words
const BLOCK_STATUS = 2;
const BLOCK_PACKETS = 3;
const BLOCK_FIRST = 4;
const STATUS_KERNEL = 0;
const STATUS_USER = 1;

// struct tpacket3_hdr, in 32-bit words; struct sockaddr_ll follows at byte 48
const NEXT_OFFSET = 0;
const SECONDS = 1;
const NANOSECONDS = 2;
const CAPTURED_BYTES = 3;
const STATUS = 5;
const MAC_OFFSET_LOW_HALF = 6;
const SLL_PACKET_TYPE = 48 + 10;
const STATUS_CHECKSUM_NOT_READY = 1 << 3;
const PACKET_OUTGOING = 4;

/** Sets the ring up on a packet socket that is not bound yet. Throws UserError. */
export function createReceiveRing(
  libc: Libc,
  fd: number,
  { ringBytes, blockTimeoutMs }: { ringBytes: number; blockTimeoutMs: number },
): ReceiveRing {
  const blocks = Math.max(2, Math.ceil(ringBytes / BLOCK_BYTES));
  const bytes = blocks * BLOCK_BYTES;
  const frameBytes = 2048;

  const version = new Uint8Array(Uint32Array.of(TPACKET_V3).buffer);
  if (libc.setsockopt(fd, SOL_PACKET, PACKET_VERSION, version, 4) !== 0) throw systemError(libc, "set up a ring");
  // struct tpacket_req3
  const request = Uint32Array.of(BLOCK_BYTES, blocks, frameBytes, bytes / frameBytes, blockTimeoutMs, 0, 0);
  if (libc.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer), 28) !== 0) {
    throw systemError(libc, `set up a receive ring of ${bytes >>> 20} MiB`);
  }
  const mapped = BigInt(libc.mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0));
  if (mapped === 0xffff_ffff_ffff_ffffn) throw systemError(libc, "map the receive ring");

  const ring = libc.view(mapped, bytes);
  const words = new Int32Array(ring.buffer, ring.byteOffset, bytes >>> 2);
  const meta = { outgoing: false, checksumPartial: false };
  let released = false;
  let block = 0;
  /** Frames left in the current block and the byte offset of the next; none left means the block was not looked at. */
  let left = 0;
  let frame = 0;

  const word = (index: number): number => words[index] as number;

  function receive(handler: FrameHandler, budget: number): number {
    let taken = 0;
    while (!released && taken < budget) {
      const base = (block * BLOCK_BYTES) >>> 2;
      if (left === 0) {
        // An atomic load keeps the reads below from being done before the kernel's hand-over is seen.
        if ((Atomics.load(words, base + BLOCK_STATUS) & STATUS_USER) === 0) break;
        left = word(base + BLOCK_PACKETS);
        frame = block * BLOCK_BYTES + word(base + BLOCK_FIRST);
      }
      while (left > 0 && taken < budget) {
        const header = frame >>> 2;
        const start = frame + (word(header + MAC_OFFSET_LOW_HALF) & 0xffff);
        meta.outgoing = ring[frame + SLL_PACKET_TYPE] === PACKET_OUTGOING;
        meta.checksumPartial = (word(header + STATUS) & STATUS_CHECKSUM_NOT_READY) !== 0;
        const capturedUs = (word(header + SECONDS) >>> 0) * 1e6 + Math.floor(word(header + NANOSECONDS) / 1000);
        const view = ring.subarray(start, start + word(header + CAPTURED_BYTES));
        frame += word(header + NEXT_OFFSET);
        left--;
        taken++;
        handler(view, capturedUs, meta);
        if (released) return taken;
      }
      if (left === 0) {
        Atomics.store(words, base + BLOCK_STATUS, STATUS_KERNEL);
        block = (block + 1) % blocks;
      }
    }
    return taken;
  }

  function release(): void {
    if (released) return;
    released = true;
    // Unmapping would leave the views dangling, so zero pages that cost nothing are put over the ring.
    libc.mmap(mapped, bytes, PROT_READ_WRITE, MAP_OVER_WITH_ZERO_PAGES, -1, 0);
  }

  return { receive, release };
}
