import { describe, expect, it } from "@jest/globals";
import { createTokenBucket } from "../../../agent/wire/token-bucket.js";

describe("token bucket", () => {
  function bucketAt(packetsPerSecond: number) {
    const time = { nowMs: 1000 };
    return { time, bucket: createTokenBucket({ packetsPerSecond, nowMs: () => time.nowMs }) };
  }

  it("gives the rate over ten seconds, however it is asked", () => {
    const { time, bucket } = bucketAt(777);
    let taken = 0;
    for (let i = 0; i < 10_000; i++) {
      time.nowMs += 1;
      taken += bucket.take(256);
    }
    expect(taken).toBeGreaterThanOrEqual(7769);
    expect(taken).toBeLessThanOrEqual(7770);
  });

  it("starts empty and does not make up for a pause with a burst", () => {
    const { time, bucket } = bucketAt(10_000);
    expect(bucket.take(256)).toBe(0);
    time.nowMs += 60_000;
    expect(bucket.take(100_000)).toBe(200);
    expect(bucket.take(1)).toBe(0);
  });

  it("gives single packets at a rate below one a second", () => {
    const { time, bucket } = bucketAt(0.5);
    expect(bucket.readyInMs()).toBeCloseTo(2000);
    time.nowMs += 1999;
    expect(bucket.take(1)).toBe(0);
    time.nowMs += 1;
    expect(bucket.take(9)).toBe(1);
  });

  it("takes back what was not used", () => {
    const { time, bucket } = bucketAt(1000);
    time.nowMs += 10;
    expect(bucket.take(10)).toBe(10);
    bucket.giveBack(4);
    expect(bucket.take(10)).toBe(4);
  });

  it("goes on at a new rate from where it is", () => {
    const { time, bucket } = bucketAt(1000);
    time.nowMs += 4;
    bucket.setRate(100);
    expect(bucket.take(10)).toBe(2);
    time.nowMs += 20;
    expect(bucket.take(10)).toBe(2);
  });

  it("is not confused by a clock that stands still", () => {
    const { bucket } = bucketAt(1000);
    for (let i = 0; i < 5; i++) expect(bucket.take(1)).toBe(0);
  });
});
