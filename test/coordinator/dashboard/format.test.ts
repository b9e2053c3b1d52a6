import { describe, expect, it } from "@jest/globals";
import { bytes, duration, millis, moment, percent, plural, whole } from "../../../coordinator/dashboard/page/format.js";

describe("numbers on the page", () => {
  it("have their thousands apart, and no decimals", () => {
    expect([whole(0), whole(999), whole(1_234_567), whole(2.6)]).toEqual(["0", "999", "1,234,567", "3"]);
  });

  it.each([
    [0, "0 %"],
    [1, "100 %"],
    [0.0312, "3.1 %"],
    [1 / 10_000, "< 0.1 %"],
    [9_999 / 10_000, "> 99.9 %"],
    [0.999, "99.9 %"],
    [0.001, "0.1 %"],
  ])("are never rounded to nothing, nor to all: %d", (part, words) => {
    expect(percent(part)).toBe(words);
  });

  it.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1.0 KiB"],
    [1_536, "1.5 KiB"],
    [5 * 1024 ** 3, "5.0 GiB"],
    [2_048 * 1024 ** 4, "2048.0 TiB"],
  ])("of bytes go in steps of 1024, to the largest unit that there is: %d", (value, words) => {
    expect(bytes(value)).toBe(words);
  });

  it("agree with their words", () => {
    expect([plural(1, "box", "boxes"), plural(0, "box", "boxes"), plural(1_200, "path")]).toEqual([
      "1 box",
      "0 boxes",
      "1,200 paths",
    ]);
  });
});

describe("times on the page", () => {
  it.each([
    [0, "0 s"],
    [-5_000, "0 s"],
    [59_499, "59 s"],
    [60_000, "1 min"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [3_605_000, "1 h"],
    [90_061_000, "1 d 1 h"],
    [86_400_000 * 400, "400 d"],
  ])("name the two largest units that they have: %d ms", (ms, words) => {
    expect(duration(ms)).toBe(words);
  });

  it("are UTC to the minute", () => {
    expect(moment(Date.UTC(2026, 2, 2, 3, 0, 59))).toBe("2026-03-02 03:00");
  });

  it("of round trips are milliseconds, and a dash where there is none", () => {
    expect([millis(3_440), millis(0), millis(null)]).toEqual(["3.4 ms", "0.0 ms", "–"]);
  });
});
