import type { PacketPort } from "../../../agent/wire/port.js";
import { slotBySlot } from "../../../agent/wire/slot-by-slot.js";

/** What a network does with a probe: the packets that come back, each after some milliseconds. */
export type Network = (probe: Uint8Array) => readonly { readonly afterMs: number; readonly packet: Uint8Array }[];

export interface MemoryPort extends PacketPort {
  /** Every packet that was sent, with the time it was. */
  readonly sent: { readonly atMs: number; readonly packet: Uint8Array }[];
  /** How many packets the next sends take at most; 0 is a device that is busy. */
  limit: number;
}

/** A packet port on a network that is a function. */
export function createMemoryPort(network: Network, { slots = 16 } = {}): MemoryPort {
  const words = new Int32Array(slots * 32);
  const buffers = Array.from({ length: slots }, (_, i) => new Uint8Array(words.buffer, i * 128, 128));
  const lengths = new Uint32Array(slots);
  const sent: MemoryPort["sent"] = [];
  const incoming: { packet: Uint8Array; capturedUs: number }[] = [];
  let wake: (() => void) | null = null;
  const slotAt = (i: number): number => i * 32;
  const setLength = (i: number, bytes: number): void => {
    lengths[i] = bytes;
  };
  return {
    driver: "sim",
    interfaceName: "memory0",
    slots,
    slotBytes: 128,
    words,
    slotAt,
    ...slotBySlot({ words, slots, slotAt, setLength }),
    sent,
    limit: Number.POSITIVE_INFINITY,
    slot(i) {
      const buffer = buffers[i];
      if (buffer === undefined) throw new RangeError(`slot ${i}`);
      return buffer;
    },
    setLength,
    send(count, first = 0) {
      const taken = Math.min(count - first, this.limit);
      for (let i = first; i < first + taken; i++) {
        const packet = this.slot(i).slice(0, lengths[i]);
        sent.push({ atMs: performance.now(), packet });
        for (const reply of network(packet)) {
          setTimeout(() => {
            incoming.push({ packet: reply.packet, capturedUs: Date.now() * 1000 + 7 });
            wake?.();
          }, reply.afterMs);
        }
      }
      return taken;
    },
    receive(handler, budget) {
      const taken = incoming.splice(0, budget);
      for (const { packet, capturedUs } of taken) {
        const view = packet.slice();
        handler(view, capturedUs);
        // The receive ring is used again at once.
        view.fill(0xee);
      }
      return taken.length;
    },
    wait: (timeoutMs) =>
      new Promise((resolve) => {
        if (incoming.length > 0) {
          resolve(true);
          return;
        }
        const timer = setTimeout(() => {
          wake = null;
          resolve(false);
        }, timeoutMs);
        wake = () => {
          clearTimeout(timer);
          wake = null;
          resolve(true);
        };
      }),
    sendStats: () => ({ sent: sent.length, sendErrors: 0 }),
    receiveStats: () => ({ received: 0, kernelDrops: 0 }),
    close() {},
  };
}
