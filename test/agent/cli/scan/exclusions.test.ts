import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createCounter, excludeTargets } from "../../../../agent/cli/scan/exclusions.js";
import { parseTargets } from "../../../../agent/cli/targets.js";
import type { BlockedPrefix } from "../../../../agent/config/blocked.js";
import { formatAddress } from "../../../../shared/address/address.js";
import { parsePrefix } from "../../../../shared/address/prefix.js";
import { createBlocklist } from "../../../../shared/target/blocklist.js";
import { createRangeSet } from "../../../../shared/target/ranges.js";

const blocked = (prefix: string, reason: string | null = null): BlockedPrefix => ({
  prefix: parsePrefix(prefix),
  reason,
  origin: "list.txt",
});

describe("what is left out of a scan", () => {
  it("is all special-purpose space that is not opened, by registry entry", () => {
    const { targets, exclusions, excluded } = excludeTargets(parseTargets(["0.0.0.0/0"]), createBlocklist([]), []);
    expect(exclusions[0]).toEqual({ prefix: "224.0.0.0/4", why: "Multicast, RFC 5771", addresses: 2 ** 28 });
    expect(exclusions).toContainEqual({ prefix: "10.0.0.0/8", why: "Private-Use, RFC 1918", addresses: 2 ** 24 });
    expect(exclusions).toContainEqual({ prefix: "198.18.0.0/15", why: "Benchmarking, RFC 2544", addresses: 2 ** 17 });
    // Counted once each: smaller blocks are not counted again in those they lie in.
    expect(exclusions.reduce((sum, { addresses }) => sum + addresses, 0)).toBe(excluded);
    expect(targets.ipv4.size + excluded).toBe(2 ** 32);
  });

  it("is not what the agent's file opens", () => {
    const opened = createBlocklist([parsePrefix("198.18.0.0/16")]);
    const { targets, exclusions } = excludeTargets(parseTargets(["198.18.0.0/15"]), opened, []);
    expect(targets.ipv4.size).toBe(65_536);
    expect(exclusions).toEqual([{ prefix: "198.18.0.0/15", why: "Benchmarking, RFC 2544", addresses: 65_536 }]);
  });

  it("is what blocklists name, with reason and place; only what was asked for counts", () => {
    const asked = parseTargets(["1.0.0.0/24", "1.0.2.0/24"]);
    const lists = [blocked("1.0.0.0/23", "mail of 2026-03-01"), blocked("1.0.2.7"), blocked("9.0.0.0/8")];
    const { targets, exclusions, excluded } = excludeTargets(asked, createBlocklist([]), lists);
    expect(exclusions).toEqual([
      { prefix: "1.0.0.0/23", why: "mail of 2026-03-01 (list.txt)", addresses: 256 },
      { prefix: "1.0.2.7/32", why: "list.txt", addresses: 1 },
    ]);
    expect(excluded).toBe(257);
    expect(targets.ipv4.size).toBe(255);
  });

  it("is the same for IPv6, address by address", () => {
    const asked = parseTargets(["2001:db8::1", "2a00::1", "2a00::2", "2a00:1::1"]);
    const { targets, exclusions, excluded } = excludeTargets(asked, createBlocklist([]), [
      blocked("2a00::/32", "asked us"),
    ]);
    expect(targets.ipv6.map(formatAddress)).toEqual(["2a00:1::1"]);
    expect(exclusions).toEqual([
      { prefix: "2a00::/32", why: "asked us (list.txt)", addresses: 2 },
      { prefix: "2001:db8::/32", why: "Documentation, RFC 3849", addresses: 1 },
    ]);
    expect(excluded).toBe(3);
  });
});

describe("the counter", () => {
  it("counts members in a range as looking at each would", () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 }))
      .map(([first, more]) => ({ first, last: first + more }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 6 }), range, (ranges, asked) => {
        const set = createRangeSet(ranges);
        let expected = 0;
        for (let address = asked.first; address <= asked.last; address++) expected += set.contains(address) ? 1 : 0;
        expect(createCounter(set)(asked)).toBe(expected);
      }),
    );
  });
});
