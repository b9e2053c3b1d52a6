import { z } from "zod";
import { ALARM_KINDS, type Alarm } from "../alarm/alarm.js";
import type { AlarmStore } from "../alarm/alarms.js";
import type { Store } from "./store.js";
import { clickhouseTime } from "./time.js";

const openRow = z
  .object({
    kind: z.enum(ALARM_KINDS),
    campaign: z.string(),
    vantage: z.string(),
    agent: z.string(),
    target: z.string(),
    port: z.number(),
    expected: z.string(),
    answer: z.string(),
    sinceMs: z.number(),
    lastMs: z.number(),
  })
  .transform((row): Alarm => ({ ...row, clearedMs: null, clearedBy: "" }));

const OPEN = `
  SELECT kind, campaign, vantage, agent, target, port, expected, answer,
    toUnixTimestamp64Milli(since) AS sinceMs, toUnixTimestamp64Milli(last) AS lastMs
  FROM alarms FINAL WHERE cleared IS NULL`;

/** The alarms' part of the database. */
export function createAlarmStore(store: Store): AlarmStore {
  return {
    async openAlarms() {
      const alarms: Alarm[] = [];
      for await (const row of store.rows(OPEN)) alarms.push(openRow.parse(row));
      return alarms;
    },
    saveAlarms: (alarms) =>
      store.insertRows(
        "alarms",
        alarms.map(({ sinceMs, lastMs, clearedMs, clearedBy, ...about }) => ({
          ...about,
          since: clickhouseTime(sinceMs),
          last: clickhouseTime(lastMs),
          cleared: clearedMs === null ? null : clickhouseTime(clearedMs),
          cleared_by: clearedBy,
          updated_at: clickhouseTime(Math.max(lastMs, clearedMs ?? 0)),
        })),
      ),
  };
}
