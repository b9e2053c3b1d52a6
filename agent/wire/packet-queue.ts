import type { PacketHandler } from "./port.js";

/** Packets that wait for the receive loop, in a ring of bytes: nothing is made for a packet but its copy in it. */
export interface PacketQueue {
  isEmpty(): boolean;
  /** Copies the packet; false when there is no room for it. */
  add(packet: Uint8Array, capturedUs: number): boolean;
  /** Hands the oldest packet out, as a view that is valid during the call only; false when there is none. */
  take(handler: PacketHandler): boolean;
}

/** A record: its packet's bytes, padding, its time; the packet follows. All begin at multiples of this. */
const HEADER_BYTES = 16;
const TIME_AT = 8;
/** In place of a length: the rest of the ring is empty, the next record is at its beginning. */
const END = 0xffff_ffff;

/** `bytes` of memory, which the system gives only when it is used. */
export function createPacketQueue(bytes: number): PacketQueue {
  const size = Math.floor(bytes / HEADER_BYTES) * HEADER_BYTES;
  const ring = new Uint8Array(size);
  const view = new DataView(ring.buffer);
  /** Where the next record goes, and where the oldest is. */
  let head = 0;
  let tail = 0;
  let used = 0;

  /** Room for `record` bytes in one piece at `head`, or none. */
  function makeRoom(record: number): boolean {
    const toEnd = size - head;
    if (record <= toEnd) return used + record <= size;
    if (used + toEnd + record > size) return false;
    view.setUint32(head, END);
    used += toEnd;
    head = 0;
    return true;
  }

  return {
    isEmpty: () => used === 0,
    add(packet, capturedUs) {
      const record = HEADER_BYTES + Math.ceil(packet.length / HEADER_BYTES) * HEADER_BYTES;
      if (!makeRoom(record)) return false;
      view.setUint32(head, packet.length);
      view.setFloat64(head + TIME_AT, capturedUs);
      ring.set(packet, head + HEADER_BYTES);
      head = (head + record) % size;
      used += record;
      return true;
    },
    take(handler) {
      if (used > 0 && view.getUint32(tail) === END) {
        used -= size - tail;
        tail = 0;
      }
      if (used === 0) return false;
      const length = view.getUint32(tail);
      const capturedUs = view.getFloat64(tail + TIME_AT);
      const start = tail + HEADER_BYTES;
      const record = HEADER_BYTES + Math.ceil(length / HEADER_BYTES) * HEADER_BYTES;
      tail = (tail + record) % size;
      used -= record;
      if (used === 0) {
        head = 0;
        tail = 0;
      }
      // Nothing is added during the call: packets come in by the event loop.
      handler(ring.subarray(start, start + length), capturedUs);
      return true;
    },
  };
}
