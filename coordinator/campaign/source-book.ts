import { planId } from "../../shared/lease/work.js";
import { type Cell, createCell } from "../control/cell.js";
import { type Codec, type Control, type ControlConflict, keyToken } from "../control/control.js";
import type { Clock } from "../lease/clock.js";
import { decodeSourceState, encodeSourceState, restartDeadlines } from "../lease/codec.js";
import { transition } from "../lease/machine.js";
import { type LeaseEffect, type LeaseEvent, type LeaseTiming, newSource, type SourceState } from "../lease/state.js";
import type { SourceRecord } from "./record.js";
import { createSpeedMeter, type SpeedMeter } from "./speed.js";

const codec: Codec<SourceState> = { encode: encodeSourceState, decode: decodeSourceState };

/** The leases of one source: the machine's state in memory, and its document in the control state. */
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

/** Opens the document of a source, or makes it. */
export async function openSourceBook(
  deps: SourceBookDeps,
  campaign: string,
  record: SourceRecord,
): Promise<SourceBook> {
  const { control, clock, timing } = deps;
  const key = `sources.${campaign}.${keyToken(record.id)}`;
  const found = await control.load(key, codec);
  const fresh = newSource(planId(campaign, record.id), record.size);
  const cell = createCell({ ...deps, key, codec, revision: found?.revision ?? 0 });
  const start = restartDeadlines(found?.value ?? fresh, clock.monotonicMs(), timing);
  if (found === null) {
    await cell.save(start);
  }
  return createSourceBook(record, start, cell, timing);
}

function createSourceBook(
  record: SourceRecord,
  start: SourceState,
  cell: Cell<SourceState>,
  timing: LeaseTiming,
): SourceBook {
  let state = start;
  let dirty = false;
  let lastSave: Promise<void> = Promise.resolve();

  const save = (): void => {
    dirty = false;
    lastSave = cell.save(state);
    // Whoever depends on it awaits `saved`; conflicts and closing are reported by the cell's owner.
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
      cell.close();
    },
  };
}

function isStructural(before: SourceState, after: SourceState): boolean {
  return (
    before.free !== after.free ||
    before.finished !== after.finished ||
    before.leases.length !== after.leases.length ||
    before.coverage !== after.coverage ||
    before.refusals !== after.refusals
  );
}
