import { describe, expect, it } from "@jest/globals";
import { trendOf } from "../../../deploy/bench/ingest/memory.js";

const MB = 1_000_000;
/** A look every five seconds for an hour. */
const hour = (bytesAt: (seconds: number) => number) =>
  Array.from({ length: 720 }, (_, i) => ({ seconds: 5 * (i + 1), bytes: bytesAt(5 * (i + 1)) }));

describe("the memory of a soak", () => {
  it("is flat where it goes up and down and was still filling in the first ten minutes", () => {
    const trend = trendOf(hour((seconds) => (seconds < 600 ? seconds / 6 : 100 + 10 * ((seconds / 5) % 3)) * MB));

    expect(trend).toMatchObject({ flat: true, warmBytes: 110 * MB, endBytes: 110 * MB });
    expect(Math.abs(trend.bytesPerHour)).toBeLessThan(MB);
  });

  it("is not flat where it grows by a fifth in an hour, and says how fast it grows", () => {
    const trend = trendOf(hour((seconds) => (500 + seconds / 36) * MB));

    expect(trend.flat).toBe(false);
    expect(trend.bytesPerHour / MB).toBeCloseTo(100);
  });

  it("of a few minutes has its first third for warming up", () => {
    const samples = hour((seconds) => (seconds < 60 ? 1 : 100) * MB).filter(({ seconds }) => seconds <= 180);

    expect(trendOf(samples)).toMatchObject({ flat: true, warmBytes: 100 * MB });
  });
});
