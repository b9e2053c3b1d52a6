import type { Logger } from "pino";
import type { Alarm, AlarmSubject } from "./alarm.js";
import { type AlarmEffect, type AlarmEvent, QUIET, transition } from "./machine.js";

/** What the alarms need of the data base. */
export interface AlarmStore {
  /** Alarms that are on. */
  openAlarms(): Promise<readonly Alarm[]>;
  /** Inserts or replaces; key: subject and `sinceMs`. */
  saveAlarms(alarms: readonly Alarm[]): Promise<void>;
}

/** The alarms of a coordinator. */
export interface Alarms {
  /** Those that are on, oldest first. */
  open(): Alarm[];
  /** Takes a finding about a subject; an alarm that begins or ends is a line in the log. */
  observe(subject: AlarmSubject, event: AlarmEvent): void;
  /** Ends the alarms that nobody looks after any more. */
  drop(which: (alarm: Alarm) => boolean, reason: string, atMs: number): void;
  /** Resolves when the store has everything observed so far; what it does not take is kept for the next call. */
  save(): Promise<void>;
}

/** Goes on with the alarms that were on when an earlier coordinator stopped. */
export async function openAlarms({ store, log }: { store: AlarmStore; log: Logger }): Promise<Alarms> {
  const open = new Map<string, Alarm>();
  for (const alarm of await store.openAlarms()) {
    open.set(keyOf(alarm), alarm);
  }
  /** What the store does not have yet, by subject and beginning. */
  const unsaved = new Map<string, Alarm>();

  const observe = (subject: AlarmSubject, event: AlarmEvent): void => {
    const key = keyOf(subject);
    const before = open.get(key);
    const { effect } = transition(before === undefined ? QUIET : { phase: "raised", ...before }, event);
    if (effect === null) {
      return;
    }
    const alarm = alarmOf(subject, effect);
    if (alarm.clearedMs === null) {
      open.set(key, alarm);
    } else {
      open.delete(key);
    }
    unsaved.set(`${key} ${alarm.sinceMs}`, alarm);
    if (effect.type !== "seen") {
      log.warn({ alarm }, `alarm ${effect.type}`);
    }
  };

  return {
    open: () => [...open.values()].sort((a, b) => a.sinceMs - b.sinceMs),
    observe,
    drop(which, reason, atMs) {
      for (const alarm of [...open.values()].filter(which)) {
        observe(alarm, { type: "dropped", reason, atMs });
      }
    },
    async save() {
      const taken = [...unsaved];
      if (taken.length === 0) {
        return;
      }
      await store.saveAlarms(taken.map(([, alarm]) => alarm));
      for (const [key, alarm] of taken) {
        // What changed meanwhile is still to be saved.
        if (unsaved.get(key) === alarm) {
          unsaved.delete(key);
        }
      }
    },
  };
}

function alarmOf({ kind, campaign, vantage, agent, target, port }: AlarmSubject, effect: AlarmEffect): Alarm {
  const about = { kind, campaign, vantage, agent, target, port, ...effect.finding };
  return effect.type === "cleared"
    ? { ...about, clearedMs: effect.atMs, clearedBy: effect.by }
    : { ...about, clearedMs: null, clearedBy: "" };
}

function keyOf({ kind, campaign, vantage, agent, target, port }: AlarmSubject): string {
  return [kind, campaign, vantage, agent, target, port].join(" ");
}
