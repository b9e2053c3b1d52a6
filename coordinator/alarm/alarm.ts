import type { Finding } from "./machine.js";

/**
 * - `canary`: a canary does not answer an agent as it should
 * - `unheard`: an agent sends, and nothing comes back
 */
export const ALARM_KINDS = ["canary", "unheard"] as const;

/** What an alarm is about. Of `unheard`, campaign and target are empty and the port is 0. */
export interface AlarmSubject {
  readonly kind: (typeof ALARM_KINDS)[number];
  readonly campaign: string;
  readonly vantage: string;
  readonly agent: string;
  readonly target: string;
  readonly port: number;
}

/** One alarm from its beginning to its end. Times are Unix milliseconds. */
export interface Alarm extends AlarmSubject, Finding {
  /** Null while it is on. */
  readonly clearedMs: number | null;
  /** Why it is over; empty while it is on. */
  readonly clearedBy: string;
}

/** An alarm in one line. */
export function alarmText(alarm: Alarm): string {
  const { kind, vantage, agent, target, port, expected, answer, sinceMs } = alarm;
  const since = `since ${new Date(sinceMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  switch (kind) {
    case "canary":
      return `canary ${target} port ${port} says ${answer} instead of ${expected} to ${agent} (${vantage}), ${since}`;
    case "unheard":
      return `${agent} (${vantage}) sends and hears nothing: ${answer}, ${since}`;
  }
}
