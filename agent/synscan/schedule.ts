/** One sending of a chunk `[from, to)`: number 0 is the first, then the retries. */
export interface Pass {
  readonly from: number;
  readonly to: number;
  readonly number: number;
}

/**
 * Which chunk is sent when. A chunk is sent, waits for its reply window, is sent again where answers are missing, and
 * is over after its last window, or as soon as nothing is missing. The window doubles with every retry (RFC 6298 section
 * 5.5 does so with a timer). Retries go before new chunks, so that `done` keeps moving behind `sent`.
 */
export interface Schedule {
  /** Absolute index: everything below is over. */
  readonly done: number;
  /** The first index that is in no pass yet. */
  readonly fresh: number;
  /** The pass to send now, of at most `size` indices if it is a first one; null while there is only waiting to do. */
  next(nowMs: number, size: number): Pass | null;
  /** The pass is out: its reply window begins. */
  sent(pass: Pass, nowMs: number): void;
}

export interface ScheduleOptions {
  readonly from: number;
  readonly to: number;
  readonly retries: number;
  readonly replyWindowMs: number;
  readonly isComplete: (index: number) => boolean;
}

export function createSchedule(options: ScheduleOptions): Schedule {
  const { from, to, retries, replyWindowMs, isComplete } = options;
  /** Passes whose window is open, in order of its end. */
  const waiting: { pass: Pass; endsAt: number }[] = [];
  /** Chunks that are over, though one before them is not: from -> to. */
  const over = new Map<number, number>();
  let fresh = from;
  let done = from;

  function close(pass: Pass): void {
    over.set(pass.from, pass.to);
    for (let end = over.get(done); end !== undefined; end = over.get(done)) {
      over.delete(done);
      done = end;
    }
  }

  function isMissingSome(pass: Pass): boolean {
    for (let index = pass.from; index < pass.to; index++) {
      if (!isComplete(index)) return true;
    }
    return false;
  }

  return {
    get done() {
      return done;
    },
    get fresh() {
      return fresh;
    },
    next(nowMs, size) {
      for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
        const { pass, endsAt } = head;
        const missing = isMissingSome(pass);
        if (missing && nowMs < endsAt) break;
        waiting.shift();
        if (missing && pass.number < retries) return { ...pass, number: pass.number + 1 };
        close(pass);
      }
      if (fresh >= to || size < 1) return null;
      const pass = { from: fresh, to: Math.min(to, fresh + size), number: 0 };
      fresh = pass.to;
      return pass;
    },
    sent(pass, nowMs) {
      const entry = { pass, endsAt: nowMs + replyWindowMs * 2 ** pass.number };
      const behind = waiting.findLastIndex(({ endsAt }) => endsAt <= entry.endsAt);
      waiting.splice(behind + 1, 0, entry);
    },
  };
}

const SMALLEST_CHUNK = 16;
const LARGEST_CHUNK = 1 << 14;
const CHUNK_SECONDS = 0.2;

/** Indices that take a fifth of a second to send: `done` moves in steps that small at any rate. */
export function chunkIndices(packetsPerSecond: number, variants: number): number {
  const wanted = Math.ceil((packetsPerSecond * CHUNK_SECONDS) / variants);
  return Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, wanted));
}
