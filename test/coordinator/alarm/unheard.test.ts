import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Alarms } from "../../../coordinator/alarm/alarms.js";
import { watchForUnheard } from "../../../coordinator/alarm/unheard.js";
import { createFleet, type Fleet, type FleetSession } from "../../../coordinator/session/fleet.js";
import { DEFAULT_TIMING } from "../../../shared/lease/protocol.js";
import type { AgentStats } from "../../../shared/lease/work.js";
import { identity, recordingLink, standingClock } from "../session/fake.js";
import { memoryAlarms } from "./memory-alarms.js";

const IDLE: AgentStats = {
  packetsSent: 0,
  replies: 0,
  kernelDrops: 0,
  sendErrors: 0,
  packetsPerSecond: 0,
  spoolBytes: 0,
  lastError: "",
};
let clock: ReturnType<typeof standingClock>;
let fleet: Fleet;
let alarms: Alarms;
let sequence: number;

beforeEach(async () => {
  clock = standingClock();
  fleet = createFleet({ clock, timing: DEFAULT_TIMING, versions: { coordinator: "0.1.0", oldestAgent: "0.1.0" } });
  ({ alarms } = await memoryAlarms());
  watchForUnheard({ fleet, alarms, clock });
  sequence = 0;
});

/** A heartbeat a second, of an agent whose counters go up by so much in each. */
function beat(session: FleetSession, seconds: number, from: Partial<AgentStats>, packets: number, replies = 0): void {
  for (let i = 1; i <= seconds; i++) {
    clock.pass(1_000);
    const stats = {
      ...IDLE,
      packetsSent: (from.packetsSent ?? 0) + i * packets,
      replies: (from.replies ?? 0) + i * replies,
    };
    session.heartbeat({ sequence: ++sequence, leases: [], stats, optOuts: 0 });
  }
}

const join = (instance = "life-1") => fleet.join(identity({ instance }), recordingLink());

describe("an agent that sends and hears nothing", () => {
  it("raises an alarm without any reply to start from, and clears it with the first one", () => {
    const session = join();
    beat(session, 21, {}, 1_000);

    expect(alarms.open()).toMatchObject([
      { kind: "unheard", campaign: "", vantage: "fra", agent: "fra-1", answer: "20000 packets without a reply" },
    ]);
    beat(session, 1, { packetsSent: 21_000 }, 1_000, 1);
    expect(alarms.open()).toEqual([]);
  });

  it("raises one also when it heard something before", () => {
    const session = join();
    beat(session, 30, {}, 1_000, 3);
    expect(alarms.open()).toEqual([]);
    beat(session, 12, { packetsSent: 30_000, replies: 90 }, 1_000);

    expect(alarms.open()).toHaveLength(1);
  });

  it("is not judged by a few packets, nor before a reply could have come", () => {
    const slow = join();
    beat(slow, 100, {}, 99);
    expect(alarms.open()).toEqual([]);
    beat(slow, 9, { packetsSent: 9_900 }, 0);
    expect(alarms.open()).toEqual([]);
    slow.closed();

    beat(join("life-2"), 9, {}, 1_000_000);
    expect(alarms.open()).toEqual([]);
  });

  it("is not judged while it does not send", () => {
    const session = join();
    beat(session, 3_600, { packetsSent: 5_000 }, 0);
    beat(session, 5, { packetsSent: 5_000 }, 5_000);

    expect(alarms.open()).toEqual([]);
  });

  it("has no alarm any more when it leaves, and another one when it comes back deaf", () => {
    const session = join();
    beat(session, 21, {}, 1_000);
    session.closed();
    expect(alarms.open()).toEqual([]);
    beat(join("life-2"), 21, {}, 1_000);

    expect(alarms.open()).toHaveLength(1);
  });

  it("has no alarm of an earlier life either when a newer session takes its place", () => {
    beat(join(), 21, {}, 1_000);
    clock.pass(DEFAULT_TIMING.leaseTtlMs);
    join("life-2");

    expect(alarms.open()).toEqual([]);
  });
});
