/**
 * What the sending and the receiving half of a scan tell each other, in memory that both threads share. Each word has
 * one writer.
 */
export interface ScanBoard {
  /** To be posted to the other thread, which makes a board of it by `attachScanBoard`. */
  readonly memory: SharedArrayBuffer;
  /** Indices that may be between `settled` and `sent` at the same time; a power of two. */
  readonly capacity: number;

  /** Receiver: the sender may send until this time (monotonic ms); 0 and it may not. */
  allowUntil(ms: number): void;
  readonly allowedUntil: number;
  /** Receiver: nothing more is to be sent. */
  stop(): void;
  readonly stopped: boolean;

  /** Receiver: everything below is over here too, and its places may be used again. Never goes back. */
  settle(index: number): void;
  readonly settled: number;
  /** Either half: sets bits of `index` (at least `settled`); returns those that were set before. */
  mark(index: number, bits: number): number;
  /** The bits of `index`: bit i says that its probe number i needs no more sending, `SKIPPED` that none does. */
  marks(index: number): number;
  /** How many of the indices from `from` on, all below `to`, have no bit set. */
  unmarked(from: number, to: number): number;
  /** Sender: empties the places of `[from, to)`, all below `settled`. */
  clear(from: number, to: number): void;

  /** Sender: before it sends to the indices below `sent`, so that no answer is faster than this. */
  announce(sent: number): void;
  publish(progress: Omit<SenderProgress, "sent">): void;
  progress(): SenderProgress;
}

/** How far the sending half is; absolute indices. */
export interface SenderProgress {
  /** No index from here on was sent to. */
  readonly sent: number;
  /** The reply windows and retries of everything below are over. */
  readonly done: number;
  readonly packets: number;
  /** Targets left out because they are not to be probed. */
  readonly skipped: number;
}

/** The bit of a target that is left out. */
export const SKIPPED = 0x80;

/** Places for the answers of 8 million targets: 2.4 million targets are open in 6 s of windows at 400,000 a second. */
const MOST_CAPACITY = 1 << 23;
const LEAST_CAPACITY = 1 << 10;

const ALLOWED_UNTIL = 0;
const STOPPED = 1;
const SETTLED = 2;
const SENT = 3;
const DONE = 4;
const PACKETS = 5;
const SKIPPED_TARGETS = 6;
const WORDS = 8;

/** A board for the indices `[from, to)`: constant memory, whatever their number. */
export function createScanBoard(from: number, to: number): ScanBoard {
  let capacity = LEAST_CAPACITY;
  while (capacity < to - from && capacity < MOST_CAPACITY) capacity *= 2;
  const board = attachScanBoard(new SharedArrayBuffer(WORDS * 8 + capacity));
  board.settle(from);
  board.announce(from);
  board.publish({ done: from, packets: 0, skipped: 0 });
  return board;
}

export function attachScanBoard(memory: SharedArrayBuffer): ScanBoard {
  const words = new BigInt64Array(memory, 0, WORDS);
  const places = new Uint8Array(memory, WORDS * 8);
  const { length } = places;
  // By floor, as `&` would cut the index at 32 bits and `%` on numbers beyond them is slow. The share is exact: the
  // length is a power of two.
  const share = 1 / length;
  const placeOf = (index: number): number => index - Math.floor(index * share) * length;
  const get = (word: number): number => Number(Atomics.load(words, word));
  const set = (word: number, value: number): void => {
    Atomics.store(words, word, BigInt(value));
  };
  return {
    memory,
    capacity: length,
    allowUntil: (ms) => set(ALLOWED_UNTIL, Math.min(Number.MAX_SAFE_INTEGER, Math.floor(ms))),
    get allowedUntil() {
      return get(ALLOWED_UNTIL);
    },
    stop: () => set(STOPPED, 1),
    get stopped() {
      return get(STOPPED) !== 0;
    },
    settle: (index) => set(SETTLED, index),
    get settled() {
      return get(SETTLED);
    },
    mark: (index, bits) => Atomics.or(places, placeOf(index), bits),
    marks: (index) => places[placeOf(index)] as number,
    unmarked(from, to) {
      // Looked up once: a variable of the surrounding function is looked up, and tested, each time.
      const bytes = places;
      const count = to - from;
      let at = placeOf(from);
      let found = 0;
      while (found < count && bytes[at] === 0) {
        found++;
        if (++at === bytes.length) at = 0;
      }
      return found;
    },
    clear(from, to) {
      const start = placeOf(from);
      const end = start + (to - from);
      places.fill(0, start, end);
      if (end > length) places.fill(0, 0, end - length);
    },
    announce: (sent) => set(SENT, sent),
    publish({ done, packets, skipped }) {
      set(DONE, done);
      set(PACKETS, packets);
      set(SKIPPED_TARGETS, skipped);
    },
    progress: () => ({ sent: get(SENT), done: get(DONE), packets: get(PACKETS), skipped: get(SKIPPED_TARGETS) }),
  };
}
