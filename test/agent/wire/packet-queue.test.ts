import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { createPacketQueue } from "../../../agent/wire/packet-queue.js";

const BYTES = 512;
/** Most a packet takes beyond its own bytes: a header, and padding to the next record. */
const OVERHEAD = 32;

it("hands packets out as they were put in, in order, and refuses only what it has no room for", () => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(null));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const queue = createPacketQueue(BYTES);
      const model: { packet: number[]; capturedUs: number }[] = [];
      let clockUs = 1_700_000_000_000_123;
      for (const packet of steps) {
        if (packet === null) {
          const taken: typeof model = [];
          const isThere = queue.take((bytes, capturedUs) => taken.push({ packet: [...bytes], capturedUs }));
          expect(isThere).toBe(model.length > 0);
          expect(taken).toEqual(model.splice(0, 1));
        } else if (queue.add(packet, ++clockUs)) {
          model.push({ packet: [...packet], capturedUs: clockUs });
        } else {
          const held = model.reduce((sum, one) => sum + one.packet.length + OVERHEAD, 0);
          // A packet lies in one piece, so that the end of the ring may stay empty.
          expect(held + 2 * (packet.length + OVERHEAD)).toBeGreaterThan(BYTES);
        }
        expect(queue.isEmpty()).toBe(model.length === 0);
      }
    }),
    { numRuns: 200 },
  );
});

it("has room for all of its bytes again when it was emptied", () => {
  const queue = createPacketQueue(BYTES);
  for (let bytes = 0; bytes <= BYTES - OVERHEAD; bytes++) {
    expect(queue.add(new Uint8Array(bytes), 1)).toBe(true);
    expect(queue.take(() => undefined)).toBe(true);
  }
  expect(queue.add(new Uint8Array(BYTES), 1)).toBe(false);
});
