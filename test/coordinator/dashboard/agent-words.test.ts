import { describe, expect, it } from "@jest/globals";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import { clockOff, hitRate, wrong } from "../../../coordinator/dashboard/page/agent-words.js";

type Stats = NonNullable<AgentReport["stats"]>;
type SelfTest = NonNullable<AgentReport["selfTest"]>;

const NOW_MS = Date.UTC(2026, 2, 2, 3, 0, 0);
const stats = (some: Partial<Stats>) => ({ packetsSent: 0, replies: 0, lastError: "", ...some }) as Stats;
const selfTest = (some: Partial<SelfTest>) => ({ problem: "", clock: null, ...some }) as SelfTest;
const WELL = {
  state: "connected",
  lastSeenAtMs: NOW_MS,
  alarms: [],
  stats: stats({}),
  selfTest: selfTest({}),
} as const;
const UNHEARD = {
  kind: "unheard",
  ...{ campaign: "", vantage: "fra", agent: "fra-1", target: "", port: 0, expected: "replies" },
  ...{ answer: "no reply to 5000 packets", sinceMs: NOW_MS, lastMs: NOW_MS, clearedMs: null, clearedBy: "" },
} as const;

describe("what the page says of an agent", () => {
  it("is the share of its packets that were answered, and a dash before there are any", () => {
    expect(hitRate({ stats: stats({ packetsSent: 400, replies: 3 }) })).toBe("0.8 %");
    expect(hitRate({ stats: stats({ packetsSent: 0, replies: 0 }) })).toBe("–");
    expect(hitRate({ stats: null })).toBe("–");
  });

  it("is how far its clock is off, where it was measured", () => {
    const clock = { offsetUs: -1_240, roundTripUs: 300 } as SelfTest["clock"];
    expect(clockOff({ selfTest: selfTest({ clock }) })).toBe("-1.2 ms");
    expect(clockOff({ selfTest: selfTest({}) })).toBe("–");
    expect(clockOff({ selfTest: null })).toBe("–");
  });

  it("is nothing where nothing is wrong", () => {
    expect(wrong(WELL, NOW_MS)).toBe("nothing");
    expect(wrong({ ...WELL, stats: null, selfTest: null }, NOW_MS)).toBe("nothing");
  });

  it("is everything that is wrong, an alarm in the words of all other places", () => {
    const ill = {
      ...WELL,
      state: "silent",
      lastSeenAtMs: NOW_MS - 90_000,
      stats: stats({ lastError: "no route" }),
      selfTest: selfTest({ problem: "the gateway does not answer" }),
      alarms: [UNHEARD],
    } as const;
    expect(wrong(ill, NOW_MS).split("; ")).toEqual([
      "last heard 1 min 30 s ago, 2026-03-02 02:58",
      "the gateway does not answer",
      "no route",
      "fra-1 (fra) sends and hears nothing: no reply to 5000 packets, since 2026-03-02 03:00:00 UTC",
    ]);
  });
});
