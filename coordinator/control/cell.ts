import { ControlConflict } from "./conflict.js";
import type { Codec, Control } from "./control.js";
import { createSaver, type Saver } from "./saver.js";

export interface CellOptions<T> {
  readonly control: Control;
  readonly key: string;
  readonly codec: Codec<T>;
  /** Revision of the stored value, 0 when there is none yet. */
  readonly revision: number;
  readonly onConflict: (error: ControlConflict) => void;
  readonly onFailure?: (error: unknown) => void;
}

/** One document with one writer, stored as a whole. */
export function createCell<T>(options: CellOptions<T>): Saver<T> {
  const { control, key, codec } = options;
  let revision = options.revision;

  const store = (value: T) =>
    revision === 0 ? control.create(key, codec, value) : control.update(key, codec, value, revision);

  /** After an attempt whose outcome is unknown: did it get through? */
  const adopt = async (value: T): Promise<boolean> => {
    const found = await control.load(key, { encode: (raw: string) => raw, decode: (raw) => raw });
    if (found === null || found.value !== codec.encode(value)) {
      return false;
    }
    revision = found.revision;
    return true;
  };

  return createSaver<T>({
    ...options,
    name: key,
    async attempt(value, unsure) {
      if (unsure && (await adopt(value))) {
        return;
      }
      try {
        revision = await store(value);
      } catch (error) {
        // An attempt that timed out may have arrived after the look-up.
        if (!(error instanceof ControlConflict && unsure && (await adopt(value)))) {
          throw error;
        }
      }
    },
  });
}
