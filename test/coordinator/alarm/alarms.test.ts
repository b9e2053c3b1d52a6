import { describe, expect, it } from "@jest/globals";
import { type Alarm, type AlarmSubject, alarmText } from "../../../coordinator/alarm/alarm.js";
import { memoryAlarms } from "./memory-alarms.js";

const subject: AlarmSubject = {
  kind: "canary",
  campaign: "c1",
  vantage: "fra",
  agent: "fra-80",
  target: "198.18.0.1",
  port: 80,
};
const wrong = (atMs: number) => ({ type: "wrong", expected: "claims-v1", answer: "no-reply", atMs }) as const;
const alarm: Alarm = {
  ...subject,
  expected: "claims-v1",
  answer: "no-reply",
  sinceMs: 100,
  lastMs: 100,
  clearedMs: null,
  clearedBy: "",
};

describe("the alarms of a coordinator", () => {
  it("are one line in the log when they begin and one when they end, however long they last", async () => {
    const { alarms, lines } = await memoryAlarms();
    for (const at of [100, 200, 300]) alarms.observe(subject, wrong(at));
    expect(alarms.open()).toEqual([{ ...alarm, lastMs: 300 }]);
    for (const atMs of [400, 500]) alarms.observe(subject, { type: "right", atMs });

    expect(alarms.open()).toEqual([]);
    expect(lines.map(({ level, msg, alarm: about }) => ({ level, msg, about }))).toEqual([
      { level: 40, msg: "alarm raised", about: alarm },
      { level: 40, msg: "alarm cleared", about: { ...alarm, lastMs: 300, clearedMs: 400, clearedBy: "right again" } },
    ]);
  });

  it("are saved with their beginning and end, a row for each, also those that came while the store was away", async () => {
    const memory = await memoryAlarms();
    const { alarms, rows } = memory;
    memory.failing = true;
    alarms.observe(subject, wrong(100));
    await expect(alarms.save()).rejects.toThrow("the warehouse does not answer");
    alarms.observe(subject, { type: "right", atMs: 200 });
    alarms.observe(subject, wrong(300));
    memory.failing = false;
    await alarms.save();

    expect([...rows.values()]).toEqual([
      { ...alarm, clearedMs: 200, clearedBy: "right again" },
      { ...alarm, sinceMs: 300, lastMs: 300 },
    ]);
  });

  it("go on where an earlier coordinator stopped", async () => {
    const { alarms, rows } = await memoryAlarms([alarm]);
    expect(alarms.open()).toEqual([alarm]);
    alarms.observe(subject, { type: "right", atMs: 900 });
    await alarms.save();

    expect([...rows.values()]).toEqual([{ ...alarm, clearedMs: 900, clearedBy: "right again" }]);
  });

  it("end when nobody looks after them any more, the others stay", async () => {
    const { alarms } = await memoryAlarms();
    alarms.observe(subject, wrong(100));
    alarms.observe({ ...subject, campaign: "c2" }, wrong(100));
    alarms.drop(({ campaign }) => campaign === "c1", "campaign over", 200);

    expect(alarms.open().map(({ campaign }) => campaign)).toEqual(["c2"]);
  });

  it("read as a sentence", () => {
    expect(alarmText({ ...alarm, sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5) })).toBe(
      "canary 198.18.0.1 port 80 says no-reply instead of claims-v1 to fra-80 (fra), since 2026-01-02 03:04:05 UTC",
    );
  });
});
