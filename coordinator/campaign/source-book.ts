import { planId } from "../../shared/lease/work.js";
import type { ControlConflict } from "../control/conflict.js";
import { type Control, keyToken } from "../control/control.js";
import type { Saver } from "../control/saver.js";
import type { Clock } from "../lease/clock.js";
import { restartDeadlines } from "../lease/codec.js";
import { transition } from "../lease/machine.js";
import { type LeaseEffect, type LeaseEvent, type LeaseTiming, newSource, type SourceState } from "../lease/state.js";
import type { SourceRecord } from "./record.js";
import { createSourceSaver, readSourceLog } from "./source-log.js";
import { createSpeedMeter, type SpeedMeter } from "./speed.js";

/** The leases of one source: the machine's state in memory, and its log in the control state. */
export interface SourceBook {
  readonly record: SourceRecord;
  readonly state: SourceState;
  readonly speed: SpeedMeter;
  /** Applies an event. A change of who holds what is saved at once, mere marks wait for `flush`. */
  apply(event: LeaseEvent): readonly LeaseEffect[];
  /** Resolves when everything applied so far is durable; rejects when it never will be. */
  saved(): Promise<void>;
  /** Saves marks that have moved; called once a second. */
  flush(): void;
  close(): void;
}

export interface SourceBookDeps {
  readonly control: Control;
  readonly clock: Clock;
  readonly timing: LeaseTiming;
  readonly onConflict: (error: ControlConflict) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Opens the log of a source, or begins it. */
export async function openSourceBook(
  deps: SourceBookDeps,
  campaign: string,
  record: SourceRecord,
): Promise<SourceBook> {
  const { control, clock, timing } = deps;
  const key = `sources.${campaign}.${keyToken(record.id)}`;
  const log = await control.openLog(key);
  const found = readSourceLog(log) ?? newSource(planId(campaign, record.id), record.size);
  const start = restartDeadlines(found, clock.monotonicMs(), timing);
  const saver = createSourceSaver({ ...deps, key, log });
  // The first entry is a base of our own: a coordinator that still runs finds out at its next write.
  await saver.save(start);
  return createSourceBook(record, start, saver, timing);
}

function createSourceBook(
  record: SourceRecord,
  start: SourceState,
  saver: Saver<SourceState>,
  timing: LeaseTiming,
): SourceBook {
  let state = start;
  let dirty = false;
  let lastSave: Promise<void> = Promise.resolve();

  const save = (): void => {
    dirty = false;
    lastSave = saver.save(state);
    // Whoever depends on it awaits `saved`; conflicts and closing are reported by the saver's owner.
    lastSave.catch(() => undefined);
  };
  return {
    record,
    speed: createSpeedMeter(),
    get state() {
      return state;
    },
    apply(event) {
      const before = state;
      const result = transition(before, event, timing);
      state = result.state;
      dirty ||= state !== before;
      if (result.effects.length > 0 || isStructural(before, state)) {
        save();
      }
      return result.effects;
    },
    saved() {
      if (dirty) {
        save();
      }
      return lastSave;
    },
    flush() {
      if (dirty) {
        save();
      }
    },
    close() {
      saver.close();
    },
  };
}

function isStructural(before: SourceState, after: SourceState): boolean {
  return (
    before.free !== after.free ||
    before.finished !== after.finished ||
    before.leases.size !== after.leases.size ||
    before.coverage !== after.coverage ||
    before.refusals !== after.refusals
  );
}
