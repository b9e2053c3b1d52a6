import { describe, expect, it } from "@jest/globals";
import { createStatus, type ScanCounts, type StatusOptions } from "../../../../agent/cli/scan/status.js";
import { formatStatusFileLine, STATUS_FILE_HEADER } from "../../../../agent/cli/scan/status-file.js";
import { formatElapsed, formatEstimate, formatStatusLine } from "../../../../agent/cli/scan/status-line.js";

const NOTHING: ScanCounts = {
  packets: 0,
  replies: 0,
  successes: 0,
  received: 0,
  kernelDrops: 0,
  sendErrors: 0,
  targetsSent: 0,
  targetsDone: 0,
};

const OPTIONS: StatusOptions = {
  targets: 1000,
  variants: 4,
  askedAgain: 0,
  cooldownMs: 2000,
  sendingThreads: 1,
  maxRuntimeS: null,
  maxResults: null,
  start: NOTHING,
  startMs: 10_000,
};

describe("the status of a scan", () => {
  it("has rates since the last report and since the beginning", () => {
    const report = createStatus(OPTIONS);
    report({ ...NOTHING, packets: 400, replies: 30, targetsSent: 100 }, 11_000, 0);
    const { sent, replies } = report({ ...NOTHING, packets: 1200, replies: 40, targetsSent: 300 }, 13_000, 0);
    expect(sent).toEqual({ total: 1200, lastSecond: 400, average: 400 });
    expect(replies).toEqual({ total: 40, lastSecond: 5, average: 40 / 3 });
  });

  it("estimates the rest from the targets of this run, and then counts the last windows down", () => {
    const start = { ...NOTHING, targetsSent: 500, packets: 2000 };
    const report = createStatus({ ...OPTIONS, start });
    // 100 targets in 10 s: 400 are left, 40 s, and 2 s for the replies.
    expect(report({ ...start, targetsSent: 600 }, 20_000, 0).remainingS).toBeCloseTo(42);
    expect(report({ ...start, targetsSent: 1000 }, 60_000, 0).remainingS).toBeCloseTo(2);
    expect(report({ ...start, targetsSent: 1000 }, 61_500, 0).remainingS).toBeCloseTo(0.5);
    expect(report({ ...start, targetsSent: 1000 }, 70_000, 0).remainingS).toBe(0);
  });

  it("is 100 % only when every target is over", () => {
    const report = createStatus(OPTIONS);
    expect(report({ ...NOTHING, targetsSent: 1000, targetsDone: 999 }, 20_000, 0).percentComplete).toBe(99);
    expect(report({ ...NOTHING, targetsSent: 1000, targetsDone: 1000 }, 22_000, 0).percentComplete).toBe(100);
  });

  it("looks at the nearest limit: targets, seconds or results", () => {
    const limited = createStatus({ ...OPTIONS, maxRuntimeS: 20, maxResults: 10 });
    const status = limited({ ...NOTHING, targetsSent: 10 }, 20_000, 8);
    expect(status.percentComplete).toBe(80);
    // 8 results in 10 s: 2.5 s for the other two.
    expect(status.remainingS).toBeCloseTo(2.5);
  });

  it("promises nothing before there is anything to go by", () => {
    expect(createStatus(OPTIONS)(NOTHING, 11_000, 0)).toMatchObject({
      remainingS: null,
      percentComplete: 0,
      hitRate: 0,
    });
  });

  it("of a scan that asks targets again counts these probes, too: their answers count twice", () => {
    const report = createStatus({ ...OPTIONS, variants: 1, askedAgain: 100 });
    expect(report({ ...NOTHING, targetsSent: 900, successes: 1000 }, 20_000, 0).hitRate).toBe(100);
  });

  it("counts a hit per probe, not per target", () => {
    const status = createStatus(OPTIONS)({ ...NOTHING, targetsSent: 100, successes: 40 }, 11_000, 0);
    expect(status.hitRate).toBe(10);
  });
});

describe("the status line", () => {
  it("reads like ZMap's", () => {
    const report = createStatus({ ...OPTIONS, targets: 1_000_000 });
    const counts = { ...NOTHING, packets: 400_000, replies: 12_345, successes: 8000, targetsSent: 100_000 };
    expect(formatStatusLine(report(counts, 20_000, 0))).toBe(
      " 0:10 10% (1m32s left); send: 400000 40.0 Kp/s (40.0 Kp/s avg); recv: 12345 1.23 Kp/s (1.23 Kp/s avg); " +
        "hits: 8000; drops: 0 p/s (0 p/s avg); hitrate: 2.00%",
    );
  });

  it("says that sending is done, and that a driver cannot tell drops", () => {
    const report = createStatus(OPTIONS);
    const counts = { ...NOTHING, kernelDrops: null, packets: 8000, targetsSent: 1000, targetsDone: 1000 };
    const line = formatStatusLine(report(counts, 18_000, 0));
    expect(line).toContain(" 0:08 100%; send: 8000 done (1.00 Kp/s avg)");
    expect(line).toContain("drops: unknown");
  });

  it.each([
    [59.9, "0:59"],
    [60, "1:00"],
    [3_725, "1:02:05"],
    [2 * 86_400 + 3_725, "2d1:02:05"],
  ])("%d seconds have passed: %s", (seconds, text) => {
    expect(formatElapsed(seconds)).toBe(text);
  });

  it.each([
    [0.2, "1s"],
    [59.5, "1m00s"],
    [601, "10m"],
    [3_725, "1h02m"],
    [36_000, "10h"],
    [86_400 + 3_600, "1d01h"],
    [10 * 86_400, "10d"],
  ])("%d seconds are left: %s", (seconds, text) => {
    expect(formatEstimate(seconds)).toBe(text);
  });
});

describe("a line of the status file", () => {
  it("has a column for each of ZMap's names", () => {
    const report = createStatus(OPTIONS);
    const counts = {
      ...NOTHING,
      packets: 400,
      replies: 40,
      successes: 30,
      received: 55,
      kernelDrops: 2,
      targetsSent: 100,
    };
    const line = formatStatusFileLine(report(counts, 12_000, 0), Date.UTC(2026, 0, 2, 3, 4, 5));
    const names = STATUS_FILE_HEADER.trim().split(",");
    const values = line.trim().split(",");
    expect(values).toHaveLength(names.length);
    expect(Object.fromEntries(names.map((name, i) => [name, values[i]]))).toMatchObject({
      "real-time": "2026-01-02 03:04:05",
      "time-elapsed": "2",
      "sent-total": "400",
      "sent-avg-per-sec": "200",
      "recv-success-total": "30",
      "recv-total": "55",
      "pcap-drop-total": "2",
      "sendto-fail-total": "0",
    });
    const unknown = formatStatusFileLine(report({ ...counts, kernelDrops: null }, 13_000, 0), 0);
    expect(unknown.trim().split(",")).toHaveLength(names.length);
  });
});
