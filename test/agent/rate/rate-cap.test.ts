import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { attachRateCap, createRateCap, RATE_CAP_BYTES } from "../../../agent/rate/rate-cap.js";
import { BATCH_PACKETS } from "../../../agent/wire/port.js";

describe("rate cap", () => {
  function capAt(packetsPerSecond: number) {
    const time = { nowMs: 1000 };
    return { time, cap: createRateCap({ packetsPerSecond, nowMs: () => time.nowMs }) };
  }

  it("gives the rate over ten seconds but for the 2 % that keep every second below it, however it is asked", () => {
    const { time, cap } = capAt(777);
    let taken = 0;
    for (let i = 0; i < 10_000; i++) {
      time.nowMs += 1;
      taken += cap.take(256);
    }
    expect(taken).toBeGreaterThanOrEqual(7770 * 0.98 - 1);
    expect(taken).toBeLessThanOrEqual(7770 * 0.98);
  });

  it("starts empty and does not make up for a pause with a burst", () => {
    const { time, cap } = capAt(10_000);
    expect(cap.take(256)).toBe(0);
    time.nowMs += 60_000;
    // One that is due, and 10 ms of 98 % of the rate.
    expect(cap.take(100_000)).toBe(1 + 98);
    expect(cap.take(1)).toBe(0);
  });

  it("gives single packets at a rate below one a second", () => {
    const { time, cap } = capAt(0.5);
    expect(cap.readyInMs()).toBeCloseTo(2000 / 0.98);
    time.nowMs += 2040;
    expect(cap.take(1)).toBe(0);
    time.nowMs += 2;
    expect(cap.take(9)).toBe(1);
  });

  it("takes back what was not used", () => {
    const { time, cap } = capAt(1000);
    time.nowMs += 10.5;
    expect(cap.take(10)).toBe(10);
    cap.giveBack(4);
    expect(cap.take(10)).toBe(4);
  });

  it("goes on at a new rate from where it is", () => {
    const { time, cap } = capAt(1000);
    // Four packets' time, of which the lower rate can save one and a late timer's 10 ms.
    time.nowMs += 4.1;
    cap.setRate(100);
    expect(cap.take(10)).toBe(1);
    time.nowMs += 20.5;
    expect(cap.take(10)).toBe(1);
  });

  it("lets no window of 10 ms have more than 10 ms of the rate and a batch", () => {
    const { time, cap } = capAt(100_000);
    const sends: { atMs: number; packets: number }[] = [];
    // A sender that comes by at odd times, at times late.
    for (let i = 0; i < 2000; i++) {
      time.nowMs += i % 97 === 0 ? 35 : ((i * 7919) % 13) / 10;
      sends.push({ atMs: time.nowMs, packets: cap.take(BATCH_PACKETS) });
    }
    for (const [i, { atMs }] of sends.entries()) {
      const window = sends.slice(i).filter((send) => send.atMs < atMs + 10);
      expect(window.reduce((sum, { packets }) => sum + packets, 0)).toBeLessThanOrEqual(1000 + BATCH_PACKETS);
    }
  });

  it("lets no second have more than the rate, whenever it begins and however late a sender and its packets are", () => {
    const visits = fc.record({
      waitMs: fc.oneof(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 0, max: 200, noNaN: true })),
      heldUpMs: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(300) }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(100, 777, 1_500, 25_600, 60_000),
        fc.array(visits, { minLength: 100, maxLength: 600 }),
        (rate, all) => {
          const { time, cap } = capAt(rate);
          const sends: { atMs: number; packets: number }[] = [];
          for (const { waitMs, heldUpMs } of all) {
            time.nowMs += waitMs;
            const packets = cap.take(BATCH_PACKETS);
            // It takes a batch and is stopped before it sends it; it takes no other meanwhile.
            if (packets > 0) time.nowMs += heldUpMs;
            sends.push({ atMs: time.nowMs, packets });
          }
          for (const [i, { atMs }] of sends.entries()) {
            let packets = 0;
            for (let j = i; j < sends.length && (sends[j]?.atMs ?? 0) < atMs + 1_000; j++)
              packets += sends[j]?.packets ?? 0;
            expect(packets).toBeLessThanOrEqual(rate);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is kept to by all that attach to its memory together, also at a new rate", () => {
    const time = { nowMs: 5 };
    const memory = new SharedArrayBuffer(RATE_CAP_BYTES);
    const cap = createRateCap({ packetsPerSecond: 1000, nowMs: () => time.nowMs, memory });
    const other = attachRateCap(memory, () => time.nowMs);
    time.nowMs += 10.5;
    expect([other.take(4), cap.take(100), other.take(100)]).toEqual([4, 6, 0]);
    cap.setRate(2000);
    time.nowMs += 10.5;
    expect([other.packetsPerSecond, other.take(100)]).toEqual([2000, 20]);
  });

  it("is not confused by a clock that stands still", () => {
    const { cap } = capAt(1000);
    for (let i = 0; i < 5; i++) expect(cap.take(1)).toBe(0);
  });
});
