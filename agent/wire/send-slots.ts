import { MSG_DONTWAIT } from "./constants.js";
import { FRAME_PADDING } from "./ethernet.js";
import type { Libc } from "./libc.js";
import { systemError } from "./system-error.js";

/**
 * Frame buffers that stay at one address, with the message vector that sendmmsg(2) reads them by. Each begins two bytes
 * behind a whole word, so that what follows its Ethernet header begins at one.
 */
export interface SendSlots {
  /** The memory of all slots, as 32-bit words; slot i is in the words from i x slotBytes / 4 on. */
  readonly words: Int32Array;
  slot(i: number): Uint8Array;
  setLength(i: number, bytes: number): void;
  /** Sends slots `first` to `count - 1`; returns how many the kernel took, 0 when its queue is full. Throws UserError. */
  send(count: number, first: number): number;
}

/** sizeof(struct mmsghdr) and struct iovec on a 64-bit machine. */
const MESSAGE_BYTES = 64;
const IOVEC_BYTES = 16;
/** Send again later: the device queue or the socket buffer is full. */
const BUSY = new Set(["EAGAIN", "EWOULDBLOCK", "ENOBUFS", "EINTR"]);

export interface SendSlotsOptions {
  readonly slots: number;
  /** A multiple of four. */
  readonly slotBytes: number;
  /** Where the frames are to lie, at a whole word; it must stay where it is. */
  readonly memory?: Uint8Array;
}

export function createSendSlots(libc: Libc, fd: number, { slots, slotBytes, memory }: SendSlotsOptions): SendSlots {
  const frames = memory?.subarray(0, slots * slotBytes) ?? new Uint8Array(slots * slotBytes);
  const vectors = new Uint8Array(slots * IOVEC_BYTES);
  const messages = new Uint8Array(slots * MESSAGE_BYTES);
  const vectorView = new DataView(vectors.buffer);
  const messageView = new DataView(messages.buffer);
  const lengths = new Uint32Array(vectors.buffer);
  const framesAt = libc.addressOf(frames);
  const vectorsAt = libc.addressOf(vectors);
  const buffers: Uint8Array[] = [];
  /** One view per starting message, so that `send` allocates nothing. */
  const tails: Uint8Array[] = [];
  for (let i = 0; i < slots; i++) {
    buffers.push(frames.subarray(i * slotBytes + FRAME_PADDING, (i + 1) * slotBytes));
    tails.push(messages.subarray(i * MESSAGE_BYTES));
    vectorView.setBigUint64(i * IOVEC_BYTES, framesAt + BigInt(i * slotBytes + FRAME_PADDING), true);
    messageView.setBigUint64(i * MESSAGE_BYTES + 16, vectorsAt + BigInt(i * IOVEC_BYTES), true);
    messageView.setBigUint64(i * MESSAGE_BYTES + 24, 1n, true);
  }
  const checked = (i: number): number => {
    if (!(i >= 0 && i < slots)) throw new RangeError(`slot ${i} of ${slots}`);
    return i;
  };

  return {
    words: new Int32Array(frames.buffer, frames.byteOffset, frames.length >>> 2),
    slot: (i) => buffers[checked(i)] as Uint8Array,
    setLength(i, bytes) {
      if (!(bytes > 0 && bytes <= slotBytes - FRAME_PADDING))
        throw new RangeError(`frame of ${bytes} bytes in a slot of ${slotBytes}`);
      lengths[checked(i) * 4 + 2] = bytes;
    },
    send(count, first) {
      if (count <= first) return 0;
      const taken = libc.sendmmsg(
        fd,
        tails[checked(first)] as Uint8Array,
        Math.min(count, slots) - first,
        MSG_DONTWAIT,
      );
      if (taken >= 0) return taken;
      if (BUSY.has(libc.errorName(libc.errno()))) return 0;
      throw systemError(libc, "send packets");
    },
  };
}
