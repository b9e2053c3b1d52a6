/**
 * Indices `[from, to)` that are traced together: `sending` what was planned for them, sweep by sweep, then `waiting` for
 * the answers, then planned again, until nothing is left to ask.
 */
export interface Chunk {
  readonly from: number;
  readonly to: number;
  /** First hops that its traces leave out, of IPv4 and of IPv6. */
  readonly sharedHops: readonly [number, number];
  state: "sending" | "waiting";
  /** Probes of the present pass that are still to be sent. */
  left: number;
  /** Sending: each sweep asks each target once at the most. */
  sweep: number;
  /** The next target of the sweep, as an offset from `from`, and when the sweep may begin or has begun. */
  next: number;
  sweepAtMs: number;
  /** Waiting: until when, unless all is answered before; every target below the offset `answered` is. */
  endsAtMs: number;
  answered: number;
}

/** The chunks under way, and how far they are together. */
export interface Chunks {
  readonly open: readonly Chunk[];
  /** Absolute index: everything below is over. */
  readonly done: number;
  /** The first index that is in no chunk yet. */
  readonly fresh: number;
  add(size: number, sharedHops: readonly [number, number]): Chunk;
  close(chunk: Chunk): void;
}

export function createChunks(from: number, to: number): Chunks {
  let open: Chunk[] = [];
  /** Chunks that are over, though one before them is not: from -> to. */
  const over = new Map<number, number>();
  let fresh = from;
  let done = from;
  return {
    get open() {
      return open;
    },
    get done() {
      return done;
    },
    get fresh() {
      return fresh;
    },
    add(size, sharedHops) {
      const chunk: Chunk = {
        from: fresh,
        to: Math.min(to, fresh + size),
        sharedHops,
        state: "sending",
        left: 0,
        sweep: 0,
        next: 0,
        sweepAtMs: 0,
        endsAtMs: 0,
        answered: 0,
      };
      fresh = chunk.to;
      open.push(chunk);
      return chunk;
    },
    close(chunk) {
      open = open.filter((one) => one !== chunk);
      over.set(chunk.from, chunk.to);
      for (let end = over.get(done); end !== undefined; end = over.get(done)) {
        over.delete(done);
        done = end;
      }
    },
  };
}
