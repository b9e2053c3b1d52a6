import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createPrefixBudget } from "../../../agent/rate/prefix-budget.js";
import { parseAddress } from "../../../shared/address/address.js";

const LENGTHS = { v4: 24, v6: 48 };

function host(text: string): Uint8Array {
  return parseAddress(text);
}

describe("prefix budget", () => {
  it("spaces the targets of one prefix by what their probes cost, and leaves the others alone", () => {
    const budget = createPrefixBudget(LENGTHS);
    const at = (text: string, nowMs: number) => budget.reserve(host(text), 2, 100, nowMs);
    expect([at("198.18.0.1", 1000), at("198.18.0.200", 1000), at("198.18.0.3", 1001)]).toEqual([1000, 1200, 1400]);
    expect([at("198.18.1.1", 1001), at("2001:db8::1", 1001), at("2001:db8:0:ffff::", 1001)]).toEqual([
      1001, 1001, 1201,
    ]);
    expect(at("2001:db8:1::1", 1001)).toBe(1001);
    expect(at("198.18.0.4", 1600)).toBe(1600);
  });

  it("never lets a prefix have more in any second than its rate and one target, in whatever order targets come", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ network: fc.nat(3), packets: fc.integer({ min: 1, max: 4 }), waitMs: fc.nat(90) }), {
          minLength: 1,
          maxLength: 300,
        }),
        (targets) => {
          const budget = createPrefixBudget(LENGTHS);
          const sent = new Map<number, { atMs: number; packets: number }[]>();
          let nowMs = 0;
          for (const { network, packets, waitMs } of targets) {
            nowMs += waitMs;
            const atMs = budget.reserve(host(`198.18.${network}.7`), packets, 100, nowMs);
            if (atMs === null) throw new Error("the table is not full");
            expect(atMs).toBeGreaterThanOrEqual(nowMs);
            sent.set(network, [...(sent.get(network) ?? []), { atMs, packets }]);
          }
          for (const sends of sent.values()) {
            for (const { atMs } of sends) {
              const second = sends.filter((send) => send.atMs >= atMs && send.atMs < atMs + 1000);
              expect(second.reduce((sum, { packets }) => sum + packets, 0)).toBeLessThanOrEqual(10 + 4);
            }
          }
        },
      ),
    );
  });

  it("says that it is full rather than forget a prefix, and has room again when budgets are free", () => {
    const budget = createPrefixBudget(LENGTHS, 16);
    const results = Array.from({ length: 20 }, (_, i) => budget.reserve(host(`198.18.${i}.1`), 1, 50, 0));
    expect(results.filter((at) => at === null)).toHaveLength(4);
    expect(budget.reserve(host("198.18.0.1"), 1, 50, 0)).toBe(50);
    expect(budget.reserve(host("198.18.19.1"), 1, 50, 101)).toBe(101);
  });

  it("takes one packet now or not at all, from the same budget", () => {
    const budget = createPrefixBudget(LENGTHS);
    expect(budget.take(host("198.18.1.1"), 100, 1000)).toBe(true);
    expect(budget.take(host("198.18.1.2"), 100, 1050)).toBe(false);
    expect(budget.take(host("198.18.2.1"), 100, 1050)).toBe(true);
    // What was refused was not reserved.
    expect(budget.take(host("198.18.1.2"), 100, 1100)).toBe(true);
    expect(budget.reserve(host("198.18.1.9"), 1, 100, 1150)).toBe(1200);
    expect(budget.take(host("198.18.1.2"), 100, 1250)).toBe(false);
  });
});
