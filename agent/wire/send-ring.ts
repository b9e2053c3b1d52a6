import {
  MAP_FIXED,
  MAP_OVER_WITH_ZERO_PAGES,
  MAP_SHARED,
  MSG_DONTWAIT,
  PACKET_TX_RING,
  PACKET_VERSION,
  PACKET_VNET_HDR,
  PROT_READ_WRITE,
  SOL_PACKET,
  TPACKET_V2,
} from "./constants.js";
import { ETHERNET_HEADER_BYTES } from "./ethernet.js";
import { createFrameCircle } from "./frame-circle.js";
import type { Libc } from "./libc.js";
import { isBusy, systemError } from "./system-error.js";

/**
 * A transmit ring (Linux Documentation/networking/packet_mmap.rst): frames in memory that is shared with the kernel,
 * which sends during our calls, in the order of the ring, and says in each frame's header when it is done with it. It
 * reads only during our calls and copies what it reads, so that plain reads and writes are enough here.
 */
export interface SendRing {
  /** The memory of all frames as 32-bit words. */
  readonly words: Int32Array;
  /** The longest frame in bytes. */
  readonly frameBytes: number;
  /** Where the frame of slot `i` begins, in bytes from the start of `words`; what follows its link header is aligned. */
  frameAt(i: number): number;
  /** The same for each frame of the ring. A batch's slots are frames in a circle, from `firstFrame` on, which begins it. */
  readonly frameStarts: Int32Array;
  firstFrame(): number;
  setLength(i: number, bytes: number): void;
  /** Sends slots `first`, where the last call stopped, to `count - 1`; returns how many the kernel took. Throws UserError. */
  send(count: number, first: number): number;
  /** Gives the memory back. Views that somebody kept then show zeros; they never fault. */
  release(): void;
}

export interface SendRingOptions {
  /** Packets in one batch. */
  readonly slots: number;
  /** Bytes from frame to frame, headers of the ring included; a power of two. */
  readonly slotBytes: number;
  /** Where the ring is to appear: whole pages, at least as many as it has; they are zeros after `release`. */
  readonly memory?: Uint8Array;
}

// struct tpacket2_hdr: in 32-bit words
const STATUS = 0;
const LENGTH = 1;
const STATUS_AVAILABLE = 0;
const STATUS_SEND_REQUEST = 1;
const STATUS_WRONG_FORMAT = 4;
/** Where the kernel looks for what it is to send: behind struct tpacket2_hdr, aligned. */
const DATA_AT = 32;
/**
 * struct virtio_net_hdr, which goes before the frame. Its `hdr_len` says how many bytes the kernel is to copy into the
 * packet's own memory: as it is the whole frame, the kernel need not refer to the ring's pages, which would cost more
 * than the ring saves.
 */
const VIRTIO_HEADER_BYTES = 10;
const COPIED_BYTES_AT = DATA_AT + 2;
const FRAME_AT = DATA_AT + VIRTIO_HEADER_BYTES;

const LARGEST_BLOCK_BYTES = 1 << 16;
const PAGE_BYTES = 4096;

/** Sets the ring up on a packet socket of its own that is not bound yet. Throws UserError. */
export function createSendRing(libc: Libc, fd: number, options: SendRingOptions): SendRing {
  const { slots, slotBytes } = options;
  // Half of them for the batch that is being filled.
  const frames = Math.max(2 ** Math.ceil(Math.log2(2 * slots)), PAGE_BYTES / slotBytes);
  const bytes = frames * slotBytes;
  const blockBytes = Math.min(bytes, LARGEST_BLOCK_BYTES);
  setOption(PACKET_VERSION, Uint32Array.of(TPACKET_V2));
  setOption(PACKET_VNET_HDR, Uint32Array.of(1));
  // struct tpacket_req
  setOption(PACKET_TX_RING, Uint32Array.of(blockBytes, bytes / blockBytes, slotBytes, frames));
  const place = options.memory?.subarray(0, bytes);
  const mapped = BigInt(
    place === undefined
      ? libc.mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0)
      : libc.mmap(libc.addressOf(place), bytes, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0),
  );
  if (mapped === 0xffff_ffff_ffff_ffffn) throw systemError(libc, "map the send ring");

  const memory = place ?? libc.view(mapped, bytes);
  const words = new Int32Array(memory.buffer, memory.byteOffset, bytes >>> 2);
  const lengths = new Uint16Array(memory.buffer, memory.byteOffset, bytes >>> 1);
  const circle = createFrameCircle(frames, slots);
  const frameBytes = slotBytes - FRAME_AT;
  const slotWords = slotBytes >>> 2;
  const statusAt = (slot: number): number => circle.frameOf(slot) * slotWords + STATUS;

  function setOption(name: number, value: Uint32Array): void {
    const given = new Uint8Array(value.buffer);
    if (libc.setsockopt(fd, SOL_PACKET, name, given, given.length) !== 0) throw systemError(libc, "set up a send ring");
  }

  /** Takes back the slots from `first` on that the kernel did not get to or refused; returns the first of them. */
  function takeBack(first: number, end: number): number {
    let left = end;
    while (left > first) {
      const at = statusAt(left - 1);
      if (((words[at] as number) & (STATUS_SEND_REQUEST | STATUS_WRONG_FORMAT)) === 0) break;
      words[at] = STATUS_AVAILABLE;
      left--;
    }
    return left;
  }

  return {
    words,
    frameBytes,
    frameAt: (i) => circle.frameOf(i) * slotBytes + FRAME_AT,
    frameStarts: Int32Array.from({ length: frames }, (_, i) => i * slotBytes + FRAME_AT),
    firstFrame: () => circle.frameOf(0),
    setLength(i, length) {
      const frame = circle.frameOf(i);
      if (!(length >= ETHERNET_HEADER_BYTES && length <= frameBytes)) {
        throw new RangeError(`frame of ${length} bytes in a slot for ${frameBytes}`);
      }
      words[frame * slotWords + LENGTH] = VIRTIO_HEADER_BYTES + length;
      lengths[(frame * slotBytes + COPIED_BYTES_AT) >>> 1] = length;
    },
    send(count, first) {
      if (count <= first) return 0;
      if (first !== circle.takenOfBatch())
        throw new RangeError(`slot ${first} is not the next, ${circle.takenOfBatch()} is`);
      let end = first;
      for (; end < count; end++) {
        const at = statusAt(end);
        // A packet of the round before is still on its way.
        if (words[at] !== STATUS_AVAILABLE) break;
        words[at] = STATUS_SEND_REQUEST;
      }
      if (end === first) return 0;
      const errno = libc.send(fd, null, 0, MSG_DONTWAIT) < 0 ? libc.errno() : 0;
      const accepted = takeBack(first, end) - first;
      circle.take(accepted);
      if (accepted === 0 && errno !== 0 && !isBusy(libc, errno)) throw systemError(libc, "send packets");
      return accepted;
    },
    release() {
      // Unmapping would leave the views dangling, so zero pages that cost nothing are put over the ring.
      libc.mmap(mapped, bytes, PROT_READ_WRITE, MAP_OVER_WITH_ZERO_PAGES, -1, 0);
    },
  };
}
