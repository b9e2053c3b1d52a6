import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createRateShares } from "../../../coordinator/campaign/rates.js";
import { createSpeedMeter } from "../../../coordinator/campaign/speed.js";

describe("the shares of a campaign's rate", () => {
  it("never add up to more than the total, whoever comes and goes", () => {
    const step = fc.record({
      agent: fc.integer({ min: 0, max: 5 }).map((n) => `a${n}`),
      cap: fc.integer({ min: 1, max: 500 }),
      agents: fc.integer({ min: 1, max: 6 }),
      leave: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.array(step), (total, steps) => {
        const shares = createRateShares(total);
        const names = ["a0", "a1", "a2", "a3", "a4", "a5"];
        for (const { agent, cap, agents, leave } of steps) {
          if (leave) {
            shares.releaseExcept((other) => other !== agent);
          } else {
            expect(shares.take(agent, cap, agents) ?? 0).toBeLessThanOrEqual(Math.max(cap, shares.of(agent) ?? 0));
          }
          const used = names.reduce((sum, name) => sum + (shares.of(name) ?? 0), 0);
          expect(used).toBeLessThanOrEqual(total);
        }
      }),
    );
  });

  it("stay as they are until released, and are the agent's cap where there is no total", () => {
    const shares = createRateShares(100);
    expect(shares.take("a", 80, 2)).toBe(50);
    expect(shares.take("a", 80, 1)).toBe(50);
    expect(shares.take("b", 80, 1)).toBe(50);
    expect(shares.take("c", 80, 3)).toBeNull();
    shares.releaseExcept((agent) => agent !== "a");
    expect(shares.take("c", 80, 2)).toBe(50);

    expect(createRateShares(undefined).take("a", 80, 9)).toBe(80);
  });
});

describe("the speed of an agent", () => {
  const at = (sent: number, lease = "l") => [{ lease, epoch: 1, sent, done: 0, committed: 0 }];

  it("is measured from the sent marks, also over the change from one lease to the next", () => {
    const meter = createSpeedMeter();
    const startOf = (lease: string) => (lease === "l" ? 0 : 1_000);
    expect(meter.of("a")).toBeNull();
    for (let second = 0; second <= 10; second++) {
      meter.observe("a", at(second * 100), startOf, second * 1_000);
    }
    meter.observe("a", [...at(1_000), ...at(1_100, "m")], startOf, 11_000);

    expect(meter.of("a")).toBeCloseTo(100, 6);
    expect(meter.of("b")).toBeNull();
  });
});
