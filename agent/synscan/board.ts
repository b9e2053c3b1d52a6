import { attachSendBoard, BOARD_BYTES, beginBoard, type SendBoard } from "../sender/board.js";

/** The board of a scan: a place for each open index, with a bit for each probe that needs no more sending. */
export interface ScanBoard extends SendBoard {
  /** Indices that may be between `settled` and `sent` at the same time; a power of two. */
  readonly capacity: number;
  /** Either half: sets bits of `index` (at least `settled`); returns those that were set before. */
  mark(index: number, bits: number): number;
  /** The bits of `index`: bit i says that its probe number i needs no more sending, `SKIPPED` that none does. */
  marks(index: number): number;
  /** How many of the indices from `from` on, all below `to`, have no bit set. */
  unmarked(from: number, to: number): number;
  /** Sender: empties the places of `[from, to)`, all below `settled`. */
  clear(from: number, to: number): void;
}

/** The bit of a target that is left out. */
export const SKIPPED = 0x80;
/** The bit of a target that was asked and is asked no more: it has opted out since. */
export const ENDED = 0x40;

/** Places for the answers of 8 million targets: 2.4 million targets are open in 6 s of windows at 400,000 a second. */
const MOST_CAPACITY = 1 << 23;
const LEAST_CAPACITY = 1 << 10;

/** A board for the indices `[from, to)`: constant memory, whatever their number. */
export function createScanBoard(from: number, to: number): ScanBoard {
  let capacity = LEAST_CAPACITY;
  while (capacity < to - from && capacity < MOST_CAPACITY) capacity *= 2;
  const board = attachScanBoard(new SharedArrayBuffer(BOARD_BYTES + capacity));
  beginBoard(board, from);
  return board;
}

export function attachScanBoard(memory: SharedArrayBuffer): ScanBoard {
  const places = new Uint8Array(memory, BOARD_BYTES);
  const fours = new Int32Array(memory, BOARD_BYTES);
  const { length } = places;
  // By floor, as `&` would cut the index at 32 bits and `%` on numbers beyond them is slow. The share is exact: the
  // length is a power of two.
  const share = 1 / length;
  const placeOf = (index: number): number => index - Math.floor(index * share) * length;

  /** How many places from `start` on, all below `end`, are empty. */
  function zeros(start: number, end: number): number {
    // Looked up once: a variable of the surrounding function is looked up, and tested, each time.
    const bytes = places;
    const words = fours;
    let at = start;
    while (at < end && bytes[at] === 0) at += (at & 3) === 0 && words[at >>> 2] === 0 ? 4 : 1;
    return Math.min(at, end) - start;
  }

  return Object.assign(attachSendBoard(memory), {
    capacity: length,
    mark: (index: number, bits: number) => Atomics.or(places, placeOf(index), bits),
    marks: (index: number) => places[placeOf(index)] as number,
    unmarked(from: number, to: number) {
      const start = placeOf(from);
      const count = to - from;
      const untilEnd = Math.min(count, length - start);
      const found = zeros(start, start + untilEnd);
      return found < untilEnd || found === count ? found : found + zeros(0, count - found);
    },
    clear(from: number, to: number) {
      const start = placeOf(from);
      const end = start + (to - from);
      places.fill(0, start, end);
      if (end > length) places.fill(0, 0, end - length);
    },
  });
}
