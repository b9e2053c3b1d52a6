import { UserError } from "../../shared/errors.js";
import { MSG_DONTWAIT, XDP_RING_NEED_WAKEUP } from "./constants.js";
import { ETHERNET_HEADER_BYTES, type EthernetHeaders, FRAME_PADDING } from "./ethernet.js";
import type { Libc } from "./libc.js";
import type { SendPort } from "./port.js";
import { systemError } from "./system-error.js";
import type { XdpSocket } from "./xdp-socket.js";

const IP_AT_BYTE = FRAME_PADDING + ETHERNET_HEADER_BYTES;

export interface XdpPortOptions {
  readonly libc: Libc;
  /** Closed with the port. */
  readonly socket: XdpSocket;
  readonly interfaceName: string;
  readonly headers: EthernetHeaders;
  readonly frameBytes: number;
  /** Packets in one batch; at most half of the socket's frames. */
  readonly slots: number;
}

/** Send again later: the device queue, the completion ring or the socket's budget is used up. */
const BUSY = new Set(["EAGAIN", "EWOULDBLOCK", "ENOBUFS", "EBUSY", "EINTR"]);
/** Calls in a row that may leave the kernel busy before `send` gives up for now. */
const MOST_KICKS = 64;

/**
 * Sends through an AF_XDP socket. Frames are used in a circle: a batch lies in the `slots` frames behind the last one
 * that was taken, and a frame is used again when the kernel has given back as many as were sent before it. In copy mode
 * the kernel sends during the call (`sendto` without data); without copying it is only woken when it asks for it.
 */
export function createXdpPort({ libc, socket, headers, frameBytes, slots, interfaceName }: XdpPortOptions): SendPort {
  const { fd, transmit, completion } = socket;
  const frameCount = socket.frames.length / frameBytes;
  const frameMask = frameCount - 1;
  const ringMask = transmit.size - 1;
  const memory = socket.frames;
  const lengths = new Int32Array(frameCount);
  /** The family whose header lies in each frame, so that it is copied only when that changes. */
  const present = new Uint8Array(frameCount);
  const slotBytes = frameBytes - IP_AT_BYTE;
  /** Frames taken so far, and those that the kernel gave back; both wrap at 32 bits. */
  let taken = 0;
  let returned = 0;
  /** Slots of the present batch that were taken; they are behind `taken` already. */
  let takenOfBatch = 0;
  let sent = 0;
  let sendErrors = 0;
  let closed = false;

  const frameOf = (slot: number): number => (taken - takenOfBatch + slot) & frameMask;

  function frameToFill(i: number): number {
    if (!(i >= 0 && i < slots)) throw new RangeError(`slot ${i} of ${slots}`);
    // Filling from the start again gives the rest of a batch up.
    if (i === 0) takenOfBatch = 0;
    return frameOf(i);
  }

  function putHeader(frame: number, family: number): void {
    const header = family === 4 ? headers.ipv4 : headers.ipv6;
    if (header === null) throw new RangeError(`no route for a packet of IPv${family}`);
    memory.set(header, frame * frameBytes + FRAME_PADDING);
    present[frame] = family;
  }

  function collect(): void {
    const given = completion.producer();
    returned = (returned + (given - completion.consumer())) | 0;
    completion.setConsumer(given);
  }

  /** Makes the kernel send what is in the ring; false while it is busy. */
  function kick(): boolean {
    for (let i = 0; i < MOST_KICKS; i++) {
      if ((transmit.flags() & XDP_RING_NEED_WAKEUP) === 0 || transmit.consumer() === transmit.producer()) return true;
      if (libc.sendto(fd, null, 0, MSG_DONTWAIT, null, 0) < 0) {
        if (!BUSY.has(libc.errorName(libc.errno()))) {
          sendErrors++;
          takeBack();
          throw systemError(libc, "send packets");
        }
        collect();
      }
    }
    return false;
  }

  /** What the kernel left in the ring: in copy mode it reads the ring only during our calls. */
  function takeBack(): number {
    if (!socket.copies) return 0;
    const left = (transmit.producer() - transmit.consumer()) | 0;
    transmit.setProducer(transmit.consumer());
    return left;
  }

  return {
    driver: "xdp",
    interfaceName,
    slots,
    slotBytes,
    words: new Int32Array(memory.buffer, memory.byteOffset, memory.length >>> 2),
    slot(i) {
      const start = frameToFill(i) * frameBytes + IP_AT_BYTE;
      return memory.subarray(start, start + slotBytes);
    },
    slotAt(i) {
      return (frameToFill(i) * frameBytes + IP_AT_BYTE) >>> 2;
    },
    setLength(i, bytes) {
      const frame = frameOf(i);
      if (!(i >= 0 && i < slots && bytes > 0 && bytes <= slotBytes)) {
        throw new RangeError(`packet of ${bytes} bytes in slot ${i} of ${slots}, which holds ${slotBytes}`);
      }
      const family = (memory[frame * frameBytes + IP_AT_BYTE] as number) >>> 4;
      if (present[frame] !== family) putHeader(frame, family);
      lengths[frame] = ETHERNET_HEADER_BYTES + bytes;
    },
    send(count, first = 0) {
      if (closed || count <= first) return 0;
      collect();
      const ready = kick();
      const producer = transmit.producer();
      const ringFree = transmit.size - ((producer - transmit.consumer()) | 0);
      // One batch of frames stays free for the next one to be filled.
      const framesFree = frameCount - slots - ((taken - returned) | 0);
      const taking = ready ? Math.max(0, Math.min(count - first, ringFree, framesFree)) : 0;
      const { words } = transmit;
      for (let i = 0; i < taking; i++) {
        const frame = frameOf(first + i);
        const descriptor = ((producer + i) & ringMask) * 4;
        words[descriptor] = frame * frameBytes + FRAME_PADDING;
        words[descriptor + 2] = lengths[frame] as number;
      }
      if (taking === 0) return 0;
      transmit.setProducer((producer + taking) | 0);
      const accepted = kick() ? taking : taking - takeBack();
      taken = (taken + accepted) | 0;
      takenOfBatch = first + accepted;
      sent += accepted;
      if (takenOfBatch >= count) takenOfBatch = 0;
      return accepted;
    },
    sendStats: () => ({ sent, sendErrors }),
    close() {
      if (closed) return;
      closed = true;
      try {
        kick();
      } catch (error) {
        // It is counted, and who closes the port has nothing more to send.
        if (!(error instanceof UserError)) throw error;
      } finally {
        socket.close();
      }
    },
  };
}
