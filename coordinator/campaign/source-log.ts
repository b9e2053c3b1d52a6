import type { ControlConflict } from "../control/conflict.js";
import type { ControlLog, LogEntry } from "../control/log.js";
import { createSaver, type Saver } from "../control/saver.js";
import { applyChanges, encodeChange } from "../lease/changes.js";
import { decodeSourceState, encodeSourceState } from "../lease/codec.js";
import type { SourceState } from "../lease/state.js";

/** A new base is written when the changes since the last one are so many times its size ... */
const CHANGES_PER_BASE = 8;
/** ... and at least so many characters: about what a thousand agents change in ten seconds. */
const LEAST_CHANGES = 4_000_000;

export interface SourceSaverOptions {
  readonly key: string;
  readonly log: ControlLog;
  readonly onConflict: (error: ControlConflict) => void;
  readonly onFailure: (error: unknown) => void;
}

/** The state that a log holds; null when it is empty. Throws ZodError or SyntaxError for one that cannot be read. */
export function readSourceLog({ found }: Pick<ControlLog, "found">): SourceState | null {
  const [base, ...changes] = found;
  return base === undefined ? null : applyChanges(decodeSourceState(base), changes);
}

/**
 * Stores states as what has changed since the one before: a grant among three thousand leases is 400 bytes and not
 * 700,000. What is saved first is a base.
 */
export function createSourceSaver({ key, log, onConflict, onFailure }: SourceSaverOptions): Saver<SourceState> {
  let saved: SourceState | null = null;
  let baseSize = 0;
  let changes = 0;
  let present: { readonly state: SourceState; readonly entry: LogEntry; readonly size: number } | null = null;

  const prepare = (state: SourceState) => {
    const isBase = saved === null || changes > Math.max(LEAST_CHANGES, CHANGES_PER_BASE * baseSize);
    const text = saved === null || isBase ? encodeSourceState(state) : encodeChange(saved, state);
    return { state, entry: log.entry(text, isBase), size: text.length };
  };
  return createSaver<SourceState>({
    name: key,
    onConflict,
    onFailure,
    async attempt(state, unsure) {
      present = present?.state === state && unsure ? present : prepare(state);
      const { entry, size } = present;
      await log.append(entry, unsure);
      [baseSize, changes] = entry.base ? [size, 0] : [baseSize, changes + size];
      saved = state;
    },
  });
}
