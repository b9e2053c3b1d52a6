import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { rttFromEchoedTime } from "../../../agent/wire/rtt.js";

describe("round-trip time from an echoed send time", () => {
  it("is the time since sending, with the microseconds of the capture, at any Unix time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 41 }),
        fc.integer({ min: 0, max: 4_000_000 }),
        fc.integer({ min: 0, max: 999 }),
        (sentMs, elapsedMs, microseconds) => {
          const rtt = rttFromEchoedTime((sentMs + elapsedMs) * 1000 + microseconds, sentMs % 2 ** 26);
          expect(rtt).toBe(elapsedMs * 1000 + microseconds);
        },
      ),
    );
  });

  it("is unknown without an echo, for a time ahead of the capture, and beyond what a row holds", () => {
    expect(rttFromEchoedTime(5_000_000, null)).toBeNull();
    expect(rttFromEchoedTime(5_000_000, 5001)).toBeNull();
    expect(rttFromEchoedTime(5_000_000_000, 5_000_000 - 4_294_968)).toBeNull();
  });
});
