import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { medianInterval, pairedDifferences } from "../../../shared/timing/difference.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("the interval of a median", () => {
  // Ranks of the 95 % interval for a median, as tables of the sign test have them (Conover, Practical Nonparametric
  // Statistics, table A3).
  it.each([
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [10, 2, 9],
    [15, 4, 12],
    [20, 6, 15],
    [25, 8, 18],
    [50, 18, 33],
    [100, 40, 61],
  ])("of %i values lies between the %ith and the %ith", (count, low, high) => {
    expect(medianInterval(upTo(count))).toEqual({ median: (count + 1) / 2, low, high });
  });

  it("is not there for fewer than six values, and nothing for none", () => {
    expect(medianInterval([])).toBeNull();
    expect(medianInterval([3])).toEqual({ median: 3, low: null, high: null });
    expect(medianInterval([5, 1, 2, 4])).toEqual({ median: 3, low: null, high: null });
    expect(medianInterval(upTo(5))).toEqual({ median: 3, low: null, high: null });
  });

  it("holds the median, whatever the values and their order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 6, maxLength: 3000 }), (values) => {
        const found = medianInterval(values);
        return found?.low != null && found.high != null && found.low <= found.median && found.median <= found.high;
      }),
    );
  });
});

describe("differences", () => {
  const row = (run: number, transport: "tcp" | "mptcp", connectUs: number | null) => ({
    ...{ run, transport, connectUs },
    ...{ pretransferUs: null, firstByteUs: null, totalUs: null },
  });

  it("are of the same run, where both transports got so far", () => {
    const rows = [
      ...[row(1, "tcp", 100), row(1, "mptcp", 130)],
      ...[row(2, "mptcp", 500), row(2, "tcp", null)],
      ...[row(3, "mptcp", 90), row(3, "tcp", 100)],
      row(4, "mptcp", 1),
    ];
    expect(pairedDifferences(rows, "connect")).toEqual([30, -10]);
    expect(pairedDifferences(rows, "total")).toEqual([]);
  });
});
