import { describe, expect, it } from "@jest/globals";
import { createClockMeter } from "../../../agent/selftest/clock-meter.js";

/** A coordinator whose clock is 250 ms ahead; each way takes so many milliseconds. */
const AHEAD_MS = 250;

function world() {
  let nowMs = 1_700_000_000_000;
  let sequence = 0;
  const meter = createClockMeter(() => nowMs);
  return {
    meter,
    exchange(forthMs: number, backMs: number) {
      meter.heartbeatSent(++sequence);
      nowMs += forthMs;
      const coordinatorUs = (nowMs + AHEAD_MS) * 1_000;
      nowMs += backMs;
      meter.heartbeatAcknowledged(sequence, coordinatorUs);
    },
  };
}

describe("the difference of the clocks", () => {
  it("is exact where both ways take as long", () => {
    const { meter, exchange } = world();
    expect(meter.difference).toBeNull();
    exchange(20, 20);
    expect(meter.difference).toEqual({ offsetUs: 250_000, roundTripUs: 40_000 });
  });

  it("is wrong by half of what the ways differ, and is taken from the fastest exchange of the last eight", () => {
    const { meter, exchange } = world();
    exchange(10, 50);
    expect(meter.difference).toEqual({ offsetUs: 230_000, roundTripUs: 60_000 });
    exchange(5, 5);
    for (let i = 0; i < 7; i++) exchange(30, 70);
    expect(meter.difference).toEqual({ offsetUs: 250_000, roundTripUs: 10_000 });
    exchange(30, 70);
    expect(meter.difference).toEqual({ offsetUs: 230_000, roundTripUs: 100_000 });
  });

  it("is not known from a coordinator that does not tell its time, nor from an answer to nothing", () => {
    const { meter } = world();
    meter.heartbeatAcknowledged(7, 1);
    expect([meter.difference, meter.isUntold]).toEqual([null, false]);
    meter.heartbeatSent(8);
    meter.heartbeatAcknowledged(8, null);
    expect([meter.difference, meter.isUntold]).toEqual([null, true]);
  });
});
