import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createPrefixBudget, prefixMs } from "../../../agent/rate/prefix-budget.js";
import { parseAddress } from "../../../shared/address/address.js";

const LENGTHS = { v4: 24, v6: 48 };

function host(text: string): Uint8Array {
  return parseAddress(text);
}

describe("prefix budget", () => {
  it("spaces the targets of one prefix by what their probes cost, and leaves the others alone", () => {
    const budget = createPrefixBudget(LENGTHS);
    const at = (text: string, nowMs: number) => budget.reserve(host(text), 200, nowMs);
    expect([at("198.18.0.1", 1000), at("198.18.0.200", 1000), at("198.18.0.3", 1001)]).toEqual([1000, 1200, 1400]);
    expect([at("198.18.1.1", 1001), at("2001:db8::1", 1001), at("2001:db8:0:ffff::", 1001)]).toEqual([
      1001, 1001, 1201,
    ]);
    expect(at("2001:db8:1::1", 1001)).toBe(1001);
    expect(at("198.18.0.4", 1600)).toBe(1600);
  });

  it("never lets a prefix have more in any second than its rate, whatever targets have and in whatever order they come", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 4, max: 40 }),
        fc.array(fc.record({ network: fc.nat(3), waitMs: fc.nat(90), lateMs: fc.nat(99) }), {
          minLength: 1,
          maxLength: 300,
        }),
        (packets, packetsPerSecond, targets) => {
          const budget = createPrefixBudget(LENGTHS);
          const ms = prefixMs(packets, packetsPerSecond);
          const sent = new Map<number, number[]>();
          let nowMs = 0;
          for (const { network, waitMs, lateMs } of targets) {
            nowMs += waitMs;
            const atMs = budget.reserve(host(`198.18.${network}.7`), ms, nowMs);
            if (atMs === null) throw new Error("the table is not full");
            expect(atMs).toBeGreaterThanOrEqual(nowMs);
            sent.set(network, [...(sent.get(network) ?? []), atMs + lateMs]);
          }
          for (const times of sent.values()) {
            for (const begin of times) {
              const second = times.filter((atMs) => atMs >= begin && atMs < begin + 1000);
              expect(second.length * packets).toBeLessThanOrEqual(packetsPerSecond);
            }
          }
        },
      ),
    );
  });

  it("keeps to the rate in the mean where one target is more than that", () => {
    expect(prefixMs(4, 0.5)).toBeCloseTo(8_000 * 1.1);
    expect(prefixMs(3, 10)).toBeCloseTo(1_100 / 3);
  });

  it("says that it is full rather than forget a prefix, and has room again when budgets are free", () => {
    const budget = createPrefixBudget(LENGTHS, 16);
    const results = Array.from({ length: 20 }, (_, i) => budget.reserve(host(`198.18.${i}.1`), 50, 0));
    expect(results.filter((at) => at === null)).toHaveLength(4);
    expect(budget.reserve(host("198.18.0.1"), 50, 0)).toBe(50);
    expect(budget.reserve(host("198.18.19.1"), 50, 101)).toBe(101);
  });

  it("takes its time now or not at all, from the same budget", () => {
    const budget = createPrefixBudget(LENGTHS);
    expect(budget.take(host("198.18.1.1"), 100, 1000)).toBe(true);
    expect(budget.take(host("198.18.1.2"), 100, 1050)).toBe(false);
    expect(budget.take(host("198.18.2.1"), 100, 1050)).toBe(true);
    // What was refused was not reserved.
    expect(budget.take(host("198.18.1.2"), 100, 1100)).toBe(true);
    expect(budget.reserve(host("198.18.1.9"), 100, 1150)).toBe(1200);
    expect(budget.take(host("198.18.1.2"), 100, 1250)).toBe(false);
  });
});
