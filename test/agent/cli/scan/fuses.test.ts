import { describe, expect, it } from "@jest/globals";
import { createFuses } from "../../../../agent/cli/scan/fuses.js";
import { createStatus, type ScanCounts } from "../../../../agent/cli/scan/status.js";

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

/** What the fuses say each second. */
function watch(
  limits: Parameters<typeof createFuses>[0],
  seconds: (second: number) => Partial<ScanCounts>,
): (string | null)[] {
  const report = createStatus({
    ...{ targets: 1000, variants: 1, askedAgain: 0, cooldownMs: 2000, sendingThreads: 1 },
    ...{ maxRuntimeS: null, maxResults: null, start: NOTHING, startMs: 0 },
  });
  const check = createFuses(limits);
  return Array.from({ length: 12 }, (_, i) => {
    const counts = { ...NOTHING, packets: 10 * (i + 1), targetsSent: 10 * (i + 1), ...seconds(i + 1) };
    return check(report(counts, 1000 * (i + 1), 0))?.message ?? null;
  });
}

describe("the hit rate fuse", () => {
  const limits = { minHitRatePercent: 20, maxSendFailures: null };

  it("gives a scan five seconds, then five more below the limit", () => {
    const said = watch(limits, () => ({ successes: 1 }));
    expect(said.findIndex((one) => one !== null)).toBe(10);
    expect(said[10]).toContain("--min-hitrate is 20 %");
  });

  it("starts anew when the rate was high enough in between", () => {
    expect(watch(limits, (second) => ({ successes: second === 8 ? 50 : 1 })).every((one) => one === null)).toBe(true);
  });

  it("does not look while the last replies are waited for", () => {
    expect(watch(limits, () => ({ targetsSent: 1000 })).every((one) => one === null)).toBe(true);
  });

  it("is off at 0", () => {
    expect(watch({ ...limits, minHitRatePercent: 0 }, () => ({})).every((one) => one === null)).toBe(true);
  });
});

describe("the send failure fuse", () => {
  it("blows at one more than allowed", () => {
    const said = watch({ minHitRatePercent: 0, maxSendFailures: 3 }, (second) => ({ sendErrors: second }));
    expect(said.slice(0, 3)).toEqual([null, null, null]);
    expect(said[3]).toContain("4 failures to send");
  });

  it("may allow none", () => {
    const said = watch({ minHitRatePercent: 0, maxSendFailures: 0 }, () => ({ sendErrors: 1 }));
    expect(said[0]).toContain("1 failures to send");
  });
});
