import { alarmText } from "../../alarm/alarm.js";
import type { AgentReport } from "../../alarm/report.js";
import { duration, moment, percent } from "./format.js";

/** Of so many packets, how many were answered. */
export function hitRate({ stats }: Pick<AgentReport, "stats">): string {
  return stats === null || stats.packetsSent === 0 ? "–" : percent(stats.replies / stats.packetsSent);
}

/** How far an agent's clock is from the coordinator's. */
export function clockOff({ selfTest }: Pick<AgentReport, "selfTest">): string {
  return selfTest === null || selfTest.clock === null ? "–" : `${(selfTest.clock.offsetUs / 1000).toFixed(1)} ms`;
}

type Trouble = Pick<AgentReport, "state" | "lastSeenAtMs" | "selfTest" | "stats" | "alarms">;

/** All that is wrong with an agent: that it is away, what it says of itself, its alarms. */
export function wrong({ state, lastSeenAtMs, selfTest, stats, alarms }: Trouble, nowMs: number): string {
  const away = `last heard ${duration(nowMs - lastSeenAtMs)} ago, ${moment(lastSeenAtMs)}`;
  const lines = [state === "connected" ? "" : away, selfTest?.problem ?? "", stats?.lastError ?? ""];
  return [...lines.filter((line) => line !== ""), ...alarms.map(alarmText)].join("; ") || "nothing";
}
