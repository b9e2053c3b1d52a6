import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { chooseIntervals, parseMostTargets } from "../../../../agent/cli/scan/amount.js";

const whole = { shard: 0, shards: 1 };

describe("how many targets", () => {
  it("reads a number and a share, and refuses anything else", () => {
    expect(parseMostTargets("-n", "1000")).toEqual({ targets: 1000 });
    expect(parseMostTargets("-n", "0.1%")).toEqual({ percent: 0.1 });
    for (const text of ["0", "-1", "1.5", "101%", "0%", "many", "5 %"]) {
      expect(() => parseMostTargets("-n", text)).toThrow(expect.objectContaining({ exitCode: 2 }));
    }
  });

  it("a number is taken from the first source on, a share from each", () => {
    expect(chooseIntervals([100, 50], { targets: 120 }, whole)).toEqual([
      { from: 0, to: 100 },
      { from: 0, to: 20 },
    ]);
    expect(chooseIntervals([100, 50], { percent: 10 }, whole)).toEqual([
      { from: 0, to: 10 },
      { from: 0, to: 5 },
    ]);
    expect(chooseIntervals([100], { targets: 1000 }, whole)).toEqual([{ from: 0, to: 100 }]);
  });

  it("shards tile what is asked, and none is longer than another by more than one", () => {
    const size = fc.oneof(
      fc.integer({ min: 0, max: 5000 }),
      fc.maxSafeInteger().filter((value) => value >= 0),
    );
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 200 }), (total, shards) => {
        const intervals = Array.from(
          { length: shards },
          (_, shard) => chooseIntervals([total], null, { shard, shards })[0],
        );
        let next = 0;
        for (const interval of intervals) {
          expect(interval?.from).toBe(next);
          next = interval?.to ?? Number.NaN;
        }
        expect(next).toBe(total);
        const lengths = intervals.map((one) => (one === undefined ? 0 : one.to - one.from));
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
