import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { addInterval, type Interval, type Intervals, takeFirst } from "../../../coordinator/lease/intervals.js";
import { formatAddress } from "../../../shared/address/address.js";
import { createTarget } from "../../../shared/target/source.js";
import { createSpaceSource } from "../../../shared/target/space.js";
import { openTargetSource, type TargetSourceSpec } from "../../../shared/target/spec.js";

/**
 * What happens to one lease: it is cut with `size`, worked off up to a share of it, and the rest goes back; with `hold`
 * only when so many later leases have been cut, as that of an agent that is silent for a while.
 */
interface Step {
  readonly size: number;
  readonly worked: number;
  readonly hold: number;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const steps = fc.array(
  fc.record({ size: share, worked: fc.oneof(share, fc.constant(1)), hold: fc.integer({ min: 0, max: 4 }) }),
  { maxLength: 40 },
);
const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** All intervals worked off, in the order of time, until nothing of `[0, size)` is free; the last lease takes it all. */
function workOff(size: number, plan: readonly Step[]): Interval[] {
  const worked: Interval[] = [];
  let held: { rest: Interval; until: number }[] = [];
  let free: Intervals = [{ from: 0, to: size }];
  const giveBack = (now: number): void => {
    free = held.filter(({ until }) => until <= now).reduce((set, { rest }) => addInterval(set, rest), free);
    held = held.filter(({ until }) => until > now);
  };
  for (const [now, step] of plan.entries()) {
    giveBack(now);
    const part = takeFirst(free, Math.ceil((step.size * size) / 4));
    if (part === null) continue;
    const { from, to } = part.taken;
    const reached = from + Math.floor(step.worked * (to - from));
    free = part.rest;
    worked.push({ from, to: reached });
    held.push({ rest: { from: reached, to }, until: now + step.hold });
  }
  giveBack(Number.POSITIVE_INFINITY);
  worked.push(...free);
  return worked.filter(({ from, to }) => from < to);
}

/** True when the intervals, sorted, follow each other from 0 to `size` without a gap or an overlap. */
function tiles(intervals: readonly Interval[], size: number): boolean {
  const sorted = [...intervals].sort((a, b) => a.from - b.from);
  return sorted.reduce((at, { from, to }) => (from === at ? to : Number.NaN), 0) === size;
}

test("however leases are cut, handed over and merged, they tile [0, N), also beyond 2^32", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 53 }), steps, (size, plan) => {
      const worked = workOff(size, plan);
      expect(tiles(worked, size)).toBe(true);
      // Put together again in any order they are one interval.
      const merged = worked.reduceRight((set: Intervals, interval) => addInterval(set, interval), []);
      expect(merged).toEqual([{ from: 0, to: size }]);
    }),
    { numRuns: 1000 },
  );
});

test("agents that each open the source for themselves ask every target once between them", () => {
  const blocks = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 });
  const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(blocks, ports, keys, steps, (chosen, asked, permutationKey, plan) => {
      const ranges = chosen.map((block) => ({ first: 0xc6120000 + 8 * block, last: 0xc6120000 + 8 * block + 4 }));
      const spec: TargetSourceSpec = { kind: "space", ranges, ports: asked, permutationKey };
      const into = createTarget();
      const seen: string[] = [];
      for (const { from, to } of workOff(openTargetSource(spec).size, plan)) {
        const source = openTargetSource(spec);
        for (let index = from; index < to; index++) {
          source.targetAt(index, into);
          seen.push(`${formatAddress(into.address)} ${into.port}`);
        }
      }
      const expected = chosen.flatMap((block) =>
        [0, 1, 2, 3, 4].flatMap((host) => asked.map((port) => `198.18.0.${8 * block + host} ${port}`)),
      );
      expect(seen.sort()).toEqual(expected.sort());
    }),
    { numRuns: 200 },
  );
});

test("leases at any place of a source of several ports over all of IPv4 lead to targets that lead back", () => {
  const first = 0x01000000;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), keys, steps, (portCount, permutationKey, plan) => {
      const ports = Array.from({ length: portCount }, (_, i) => 80 + i);
      const source = createSpaceSource({ ranges: [{ first, last: 2 ** 32 - 1 }], ports, permutationKey });
      const into = createTarget();
      for (const { from, to } of workOff(source.size, plan)) {
        for (const index of [from, to - 1]) {
          source.targetAt(index, into);
          expect(source.indexOf(into.address, into.port)).toBe(index);
          expect(into.address[12]).toBeGreaterThan(0);
        }
      }
    }),
    { numRuns: 300 },
  );
});
