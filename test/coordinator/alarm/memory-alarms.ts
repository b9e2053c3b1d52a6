import pino from "pino";
import type { Alarm } from "../../../coordinator/alarm/alarm.js";
import { type Alarms, openAlarms } from "../../../coordinator/alarm/alarms.js";

/** Alarms on a store in memory: `rows` is what it was given last under each key; `failing` makes it reject. */
export interface MemoryAlarms {
  readonly alarms: Alarms;
  readonly rows: Map<string, Alarm>;
  /** Lines of the log. */
  readonly lines: Record<string, unknown>[];
  failing: boolean;
}

export async function memoryAlarms(open: readonly Alarm[] = []): Promise<MemoryAlarms> {
  const rows = new Map<string, Alarm>();
  const lines: Record<string, unknown>[] = [];
  const memory = { rows, lines, failing: false };
  const alarms = await openAlarms({
    store: {
      openAlarms: async () => open,
      async saveAlarms(saved) {
        if (memory.failing) throw new Error("the warehouse does not answer");
        for (const alarm of saved) rows.set(`${alarm.agent} ${alarm.target} ${alarm.sinceMs}`, alarm);
      },
    },
    log: pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) }),
  });
  return Object.assign(memory, { alarms });
}
