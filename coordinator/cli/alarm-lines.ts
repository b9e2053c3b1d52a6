import { type Alarm, alarmText } from "../alarm/alarm.js";

/** Prints a line for each alarm that begins or ends between two looks. */
export interface AlarmLines {
  show(alarms: readonly Alarm[]): void;
}

/** Back to the start of the line and empty it: a progress bar may stand there. */
const CLEAR_LINE = "\r\u001b[2K";

export function createAlarmLines(out: NodeJS.WritableStream & { readonly isTTY?: boolean }): AlarmLines {
  let shown = new Map<string, Alarm>();
  const say = (word: string, alarm: Alarm): void => {
    out.write(`${out.isTTY === true ? CLEAR_LINE : ""}  ${word}: ${alarmText(alarm)}\n`);
  };
  return {
    show(alarms) {
      const present = new Map(alarms.map((alarm) => [keyOf(alarm), alarm]));
      for (const [key, alarm] of shown) {
        if (!present.has(key)) say("alarm over", alarm);
      }
      for (const [key, alarm] of present) {
        if (!shown.has(key)) say("ALARM", alarm);
      }
      shown = present;
    },
  };
}

function keyOf({ kind, vantage, agent, target, port, sinceMs }: Alarm): string {
  return [kind, vantage, agent, target, port, sinceMs].join(" ");
}
