import type { FrameHandler, Link } from "../../../agent/wire/link.js";

/** A link whose frames go nowhere: sent ones are kept, received ones are put in by the test. */
export interface MemoryLink extends Link {
  readonly sent: Uint8Array[];
  deliver(frame: Uint8Array, meta?: Partial<Parameters<FrameHandler>[2]>): void;
  /** How many frames the next `send` takes at most. */
  limit: number;
}

export function createMemoryLink({ slots = 8, slotBytes = 256 } = {}): MemoryLink {
  const words = new Int32Array((slots * slotBytes) / 4);
  const frameAt = (i: number): number => i * slotBytes + 2;
  const frameBytes = slotBytes - 2;
  const buffers = Array.from({ length: slots }, (_, i) => new Uint8Array(words.buffer, frameAt(i), frameBytes));
  const lengths = new Uint32Array(slots);
  const sent: Uint8Array[] = [];
  const incoming: [Uint8Array, Parameters<FrameHandler>[2]][] = [];
  return {
    interfaceName: "memory0",
    interfaceIndex: 7,
    macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
    slots,
    frameBytes,
    words,
    frameAt,
    frameStarts: Int32Array.from({ length: slots }, (_, i) => frameAt(i)),
    firstFrame: () => 0,
    sent,
    limit: slots,
    slot: (i) => buffers[i] ?? new Uint8Array(0),
    setLength(i, bytes) {
      lengths[i] = bytes;
    },
    send(count, first = 0) {
      const taken = Math.min(count - first, this.limit);
      for (let i = first; i < first + taken; i++) sent.push((buffers[i] ?? new Uint8Array(0)).slice(0, lengths[i]));
      return taken;
    },
    receive(handler, budget) {
      const taken = incoming.splice(0, budget);
      for (const [frame, meta] of taken) handler(frame, 1_000_000, meta);
      return taken.length;
    },
    wait: () => Promise.resolve(incoming.length > 0),
    stats: () => ({ sent: sent.length, sendErrors: 0, received: 0, kernelDrops: 0 }),
    close() {},
    deliver(frame, meta = {}) {
      incoming.push([frame, { outgoing: false, checksumPartial: false, ...meta }]);
    },
  };
}
