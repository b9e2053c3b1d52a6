import { sameAddress } from "../../shared/address/address.js";
import { decodeIp } from "../../shared/packet/ip.js";
import { createDeferred } from "../synscan/deferred.js";
import type { Clock } from "../wire/clock.js";
import type { PacketPort } from "../wire/port.js";
import { slotBySlot } from "../wire/slot-by-slot.js";
import { createSimHash } from "./hash.js";
import { walk } from "./walk.js";
import type { SimWorld } from "./world.js";

export interface SimPortOptions {
  readonly world: SimWorld;
  readonly vantage: string;
  readonly clock: Pick<Clock, "monotonicMs" | "unixMs" | "sleep">;
  /** Share of packets that are lost on each way, 0 to 1. */
  readonly loss?: number;
  /** Of the losses. */
  readonly seed?: string | number;
  readonly slots?: number;
  /** Packets that may be on their way to the port at the same time; more are lost and counted as dropped. */
  readonly queue?: number;
}

const SLOTS = 64;
const SLOT_WORDS = 64;
const SLOT_BYTES = SLOT_WORDS * 4;
const QUEUE = 65_536;

/**
 * A packet port into a simulated Internet: needs no privileges and sends nothing anywhere. Answers are there when their
 * round-trip time has passed on the clock. The same packets at the same times get the same answers, byte for byte.
 */
export function createSimPort(options: SimPortOptions): PacketPort {
  const { world, vantage, clock, loss = 0, slots = SLOTS } = options;
  const attachment = world.attach(vantage);
  const hash = createSimHash(`${options.seed ?? 0} ${vantage}`);
  const coming = createDeferred<{ readonly packet: Uint8Array; readonly capturedUs: number }>(options.queue ?? QUEUE);
  const words = new Int32Array(slots * SLOT_WORDS);
  const buffers = Array.from({ length: slots }, (_, i) => new Uint8Array(words.buffer, i * SLOT_BYTES, SLOT_BYTES));
  const lengths = new Uint32Array(slots);
  const counters = { sent: 0, received: 0, kernelDrops: 0 };
  const nowhere = new Uint8Array(16);
  let draws = 0;
  let answers = 0;
  let wake: (() => void) | null = null;
  let closed = false;

  const isLost = (): boolean => loss > 0 && hash.share("loss", nowhere, draws++) < loss;

  function isOurs(packet: Uint8Array): boolean {
    const { destination, family } = decodeIp(packet);
    const own = family === 4 ? attachment.ipv4 : attachment.ipv6;
    return own !== null && sameAddress(own, destination);
  }

  function transmit(packet: Uint8Array, nowMs: number, unixMs: number): void {
    if (isLost()) return;
    walk(attachment.pathTo(decodeIp(packet).destination), packet, (answer, afterUs) => {
      if (isLost() || !isOurs(answer)) return;
      if (coming.isFull()) {
        counters.kernelDrops++;
        return;
      }
      const capturedUs = Math.round(unixMs * 1000 + afterUs);
      // Numbered, so that what comes at the same time comes in the order it was sent in.
      coming.add(nowMs + afterUs / 1000, answers++, { packet: answer, capturedUs });
    });
  }

  function slot(i: number): Uint8Array {
    const buffer = buffers[i];
    if (buffer === undefined) throw new RangeError(`slot ${i} of ${slots}`);
    return buffer;
  }

  const slotAt = (i: number): number => i * SLOT_WORDS;

  function setLength(i: number, bytes: number): void {
    const isIpv4 = (slot(i)[0] ?? 0) >>> 4 === 4;
    if (!(bytes > 0 && bytes <= SLOT_BYTES)) throw new RangeError(`${bytes} bytes in slot ${i} of ${slots}`);
    if ((isIpv4 ? attachment.ipv4 : attachment.ipv6) === null) {
      throw new RangeError(`no route for the family of the packet in slot ${i}`);
    }
    lengths[i] = bytes;
  }

  const isThere = (): boolean => coming.nextAtMs() <= clock.monotonicMs();

  return {
    driver: "sim",
    interfaceName: "sim",
    slots,
    slotBytes: SLOT_BYTES,
    slot,
    words,
    slotAt,
    setLength,
    ...slotBySlot({ words, slots, slotAt, setLength }),
    send(count, first = 0) {
      if (closed || count <= first) return 0;
      const nowMs = clock.monotonicMs();
      const unixMs = clock.unixMs();
      for (let i = first; i < count; i++) transmit(slot(i).slice(0, lengths[i]), nowMs, unixMs);
      counters.sent += count - first;
      wake?.();
      return count - first;
    },
    receive(handler, budget) {
      let taken = 0;
      while (!closed && taken < budget && isThere()) {
        const next = coming.take();
        if (next === undefined) break;
        handler(next.of.packet, next.of.capturedUs);
        taken++;
      }
      counters.received += taken;
      return taken;
    },
    async wait(timeoutMs) {
      const untilMs = clock.monotonicMs() + timeoutMs;
      for (;;) {
        if (closed) return false;
        if (isThere()) return true;
        const nowMs = clock.monotonicMs();
        if (nowMs >= untilMs) return false;
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([clock.sleep(Math.min(untilMs, coming.nextAtMs()) - nowMs), woken]);
        wake = null;
      }
    },
    sendStats: () => ({ sent: counters.sent, sendErrors: 0 }),
    receiveStats: () => ({ received: counters.received, kernelDrops: counters.kernelDrops }),
    close() {
      closed = true;
      wake?.();
    },
  };
}
