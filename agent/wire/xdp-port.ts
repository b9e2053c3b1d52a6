import { UserError } from "../../shared/errors.js";
import { lengthIn } from "../../shared/probe/packet-facts.js";
import { MSG_DONTWAIT, XDP_RING_NEED_WAKEUP } from "./constants.js";
import { ETHERNET_HEADER_BYTES, type EthernetHeaders, putEthernetHeader } from "./ethernet.js";
import { createFrameCircle } from "./frame-circle.js";
import type { Libc } from "./libc.js";
import type { SendPort } from "./port.js";
import { isBusy, systemError } from "./system-error.js";
import type { XdpSocket } from "./xdp-socket.js";

/** Bytes in front of a frame that bring the IP header behind it to a whole word. */
const FRAME_PADDING = 2;
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

/** Calls in a row that may leave the kernel busy before `send` gives up for now. */
const MOST_KICKS = 64;

/**
 * Sends through an AF_XDP socket. A frame is used again when the kernel has given back as many as were sent before it.
 * In copy mode the kernel sends during the call (`send` without data); without copying it is only woken when it asks
 * for it.
 */
export function createXdpPort({ libc, socket, headers, frameBytes, slots, interfaceName }: XdpPortOptions): SendPort {
  const { fd, transmit, completion } = socket;
  const frameCount = socket.frames.length / frameBytes;
  const circle = createFrameCircle(frameCount, slots);
  if (transmit.size !== frameCount) throw new RangeError(`a ring of ${transmit.size} for ${frameCount} frames`);
  const memory = socket.frames;
  const { words: descriptors } = transmit;
  // Frames and descriptors are used in the same order and number, so that each frame has one that only changes its length.
  for (let frame = 0; frame < frameCount; frame++) descriptors[4 * frame] = frame * frameBytes + FRAME_PADDING;
  const slotBytes = frameBytes - IP_AT_BYTE;
  /** Frames that the kernel gave back; wraps at 32 bits. */
  let returned = 0;
  let sent = 0;
  let sendErrors = 0;
  let closed = false;

  /** Sets what goes with the packet in a frame: its link header and the length in its descriptor. */
  function finish(frame: number, bytes: number): void {
    if (!(bytes > 0 && bytes <= slotBytes)) {
      throw new RangeError(`packet of ${bytes} bytes in a slot that holds ${slotBytes}`);
    }
    putEthernetHeader(headers, memory, frame * frameBytes + FRAME_PADDING);
    descriptors[4 * frame + 2] = ETHERNET_HEADER_BYTES + bytes;
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
      if (libc.send(fd, null, 0, MSG_DONTWAIT) < 0) {
        if (!isBusy(libc, libc.errno())) {
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
      const start = circle.frameOf(i) * frameBytes + IP_AT_BYTE;
      return memory.subarray(start, start + slotBytes);
    },
    slotAt(i) {
      return (circle.frameOf(i) * frameBytes + IP_AT_BYTE) >>> 2;
    },
    places: Int32Array.from({ length: frameCount }, (_, i) => memory.byteOffset + i * frameBytes + IP_AT_BYTE),
    firstFrame: () => circle.frameOf(0),
    setLength(i, bytes) {
      finish(circle.frameOf(i), bytes);
    },
    setFacts(count, first, facts) {
      const firstFrame = circle.frameOf(0);
      for (let i = 0; i < count; i++) {
        finish((firstFrame + i) & (frameCount - 1), lengthIn(facts[(first + i) & (facts.length - 1)] as number));
      }
    },
    send(count, first = 0) {
      if (closed || count <= first) return 0;
      if (first !== circle.takenOfBatch())
        throw new RangeError(`slot ${first} is not the next, ${circle.takenOfBatch()} is`);
      collect();
      const ready = kick();
      const producer = transmit.producer();
      const ringFree = transmit.size - ((producer - transmit.consumer()) | 0);
      // One batch of frames stays free for the next one to be filled.
      const framesFree = frameCount - slots - ((circle.taken() - returned) | 0);
      const taking = ready ? Math.max(0, Math.min(count - first, ringFree, framesFree)) : 0;
      if (taking === 0) return 0;
      transmit.setProducer((producer + taking) | 0);
      const accepted = kick() ? taking : taking - takeBack();
      circle.take(accepted);
      sent += accepted;
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
