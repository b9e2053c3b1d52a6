/**
 * What the sending and the receiving half of a lease's work tell each other, in memory that both threads share. Each
 * word has one writer. The object has no getters: V8 would look all of its properties up by name.
 */
export interface SendBoard {
  /** To be posted to the other thread. */
  readonly memory: SharedArrayBuffer;

  /** Receiver: the sender may send until this time (monotonic ms); 0 and it may not. Without effect once it stopped it. */
  allowUntil(ms: number): void;
  /** Receiver: nothing more is to be sent. */
  stop(): void;
  /** Sender: until when it may send, or STOPPED. */
  allowedUntil(): number;

  /** Receiver: everything below is over here too, and its places may be used again. Never goes back. */
  settle(index: number): void;
  settled(): number;

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

/** In place of the time until which may be sent: nothing more is to be sent. */
export const STOPPED = -1;

const ALLOWED_UNTIL = 0;
const SETTLED = 1;
const SENT = 2;
const DONE = 3;
const PACKETS = 4;
const SKIPPED_TARGETS = 5;
const WORDS = 8;

/** A board's words; what a stage keeps of its indices lies behind them. */
export const BOARD_BYTES = WORDS * 8;

/** Reads and writes the words at the beginning of `memory`, which is at least BOARD_BYTES long. */
export function attachSendBoard(memory: SharedArrayBuffer): SendBoard {
  const words = new BigInt64Array(memory, 0, WORDS);
  const get = (word: number): number => Number(Atomics.load(words, word));
  const set = (word: number, value: number): void => {
    Atomics.store(words, word, BigInt(value));
  };
  let stopped = false;
  return {
    memory,
    allowUntil(ms) {
      if (!stopped) set(ALLOWED_UNTIL, Math.min(Number.MAX_SAFE_INTEGER, Math.floor(ms)));
    },
    stop() {
      stopped = true;
      set(ALLOWED_UNTIL, STOPPED);
    },
    allowedUntil: () => get(ALLOWED_UNTIL),
    settle: (index) => set(SETTLED, index),
    settled: () => get(SETTLED),
    announce: (sent) => set(SENT, sent),
    publish({ done, packets, skipped }) {
      set(PACKETS, packets);
      set(SKIPPED_TARGETS, skipped);
      // Last: whoever sees an index done knows of those left out below it.
      set(DONE, done);
    },
    progress: () => ({ sent: get(SENT), done: get(DONE), packets: get(PACKETS), skipped: get(SKIPPED_TARGETS) }),
  };
}

/** A board's words for work that begins at `from`. */
export function beginBoard(board: SendBoard, from: number): void {
  board.settle(from);
  board.announce(from);
  board.publish({ done: from, packets: 0, skipped: 0 });
}
