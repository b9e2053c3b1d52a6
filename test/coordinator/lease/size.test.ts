import { describe, expect, it } from "@jest/globals";
import { leaseSize } from "../../../coordinator/lease/size.js";

const INPUT = { remaining: 1e9, agents: 1, indicesPerSecond: null, plannedIndicesPerSecond: 1e6, most: 1e7 };

describe("the size of a lease", () => {
  it("is 8,192 indices while nothing is known of the agent", () => {
    expect(leaseSize(INPUT)).toBe(8_192);
  });

  it("is ten seconds of the agent's speed, and never more than the planned rate gives", () => {
    expect(leaseSize({ ...INPUT, indicesPerSecond: 30_000 })).toBe(300_000);
    expect(leaseSize({ ...INPUT, indicesPerSecond: 30_000, plannedIndicesPerSecond: 100 })).toBe(1_000);
    expect(leaseSize({ ...INPUT, plannedIndicesPerSecond: 20 })).toBe(200);
  });

  it("shrinks near the end, so that all agents finish together", () => {
    expect(leaseSize({ ...INPUT, indicesPerSecond: 50, remaining: 1_000, agents: 5 })).toBe(100);
    expect(leaseSize({ ...INPUT, indicesPerSecond: 5, remaining: 3, agents: 5 })).toBe(16);
  });

  it("is never less than a second of the agent's work, which asks once a second", () => {
    expect(leaseSize({ ...INPUT, indicesPerSecond: 30_000, remaining: 1_000, agents: 5 })).toBe(30_000);
  });

  it("keeps to what one grant can carry", () => {
    expect(leaseSize({ ...INPUT, indicesPerSecond: 1e6, most: 65_536 })).toBe(65_536);
  });
});
