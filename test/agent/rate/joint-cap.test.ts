import { describe, expect, test } from "@jest/globals";
import { createJointCap } from "../../../agent/rate/joint-cap.js";
import { createRateCap } from "../../../agent/rate/rate-cap.js";

function caps(own: number, ...campaigns: number[]) {
  const time = { ms: 0 };
  const cap = (packetsPerSecond: number) => createRateCap({ packetsPerSecond, nowMs: () => time.ms });
  const agent = cap(own);
  return { time, limiters: campaigns.map((rate) => createJointCap(agent, cap(rate))) };
}

/** Packets that each limiter lets through in a second, asked every millisecond for as much as there is. */
function inOneSecond({ time, limiters }: ReturnType<typeof caps>): number[] {
  const sent = limiters.map(() => 0);
  for (let i = 0; i < 1_000; i++) {
    time.ms += 1;
    for (const [which, limiter] of limiters.entries()) {
      sent[which] = (sent[which] ?? 0) + limiter.take(1_000);
    }
  }
  return sent;
}

describe("campaigns on one agent", () => {
  test("never pass the agent's own cap together, whatever their plans allow", () => {
    const [first = 0, second = 0] = inOneSecond(caps(1_000, 5_000, 5_000));
    expect(first + second).toBeLessThanOrEqual(1_000);
    expect(first + second).toBeGreaterThan(950);
  });

  test("each keep to their own plan's rate, without taking what they cannot use from the others", () => {
    const [slow = 0, fast = 0] = inOneSecond(caps(1_000, 100, 5_000));
    expect(slow).toBeLessThanOrEqual(100);
    expect(slow).toBeGreaterThan(90);
    expect(slow + fast).toBeGreaterThan(950);
    expect(slow + fast).toBeLessThanOrEqual(1_000);
  });

  test("name the lower of the two rates", () => {
    expect(caps(1_000, 100, 5_000).limiters.map((limiter) => limiter.packetsPerSecond)).toEqual([100, 1_000]);
  });
});
