/**
 * Which frame is whose when a port's frames are used in a circle: a batch lies in the `slots` frames behind the last one
 * that was taken, so that it can be filled while those before it are still on their way.
 */
export interface FrameCircle {
  /** The frame of slot `i`. Asking for that of slot 0 begins a batch; what is left of the one before is given up. */
  frameOf(i: number): number;
  /** How many of the batch's slots were taken. */
  takenOfBatch(): number;
  /** Frames taken so far; wraps at 32 bits. */
  taken(): number;
  /** So many more of the batch's slots were taken. */
  take(slots: number): void;
}

/**
 * `frames` is a power of two and more than `slots`. The object has no getters: one makes V8 look all of its properties
 * up by name, and these are asked for each packet.
 */
export function createFrameCircle(frames: number, slots: number): FrameCircle {
  const mask = frames - 1;
  let taken = 0;
  let takenOfBatch = 0;
  return {
    frameOf(i) {
      if (!(i >= 0 && i < slots)) throw new RangeError(`slot ${i} of ${slots}`);
      if (i === 0) takenOfBatch = 0;
      return (taken - takenOfBatch + i) & mask;
    },
    takenOfBatch: () => takenOfBatch,
    taken: () => taken,
    take(more) {
      taken = (taken + more) | 0;
      takenOfBatch += more;
    },
  };
}
