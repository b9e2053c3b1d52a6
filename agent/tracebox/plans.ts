import { addressFamily } from "../../shared/address/address.js";
import { createTarget, type TargetSource } from "../../shared/target/source.js";
import type { Skips } from "../sender/skips.js";
import type { TraceBoard } from "./board.js";
import type { Chunk } from "./chunk.js";
import { nextTtls, type TraceState } from "./range.js";
import { highBelow, highBit, lowBelow, lowBit, sizeOf, type TtlSet } from "./ttl-set.js";

export interface TracePlansOptions {
  readonly board: TraceBoard;
  readonly source: TargetSource;
  readonly variants: readonly unknown[];
  readonly maxTtl: number;
  readonly retries: number;
  readonly skips: Skips;
}

/** The sender's side of the traces: what is planned, what was sent, and how often silent hops were asked again. */
export interface TracePlans {
  /** Per trace: TTLs that are still to be sent in this pass. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Empties the places of a new chunk, and leaves out the targets that are not to be asked. */
  begin(chunk: Chunk): void;
  /** A target is asked nothing more; returns how many probes were planned for it. */
  end(index: number): number;
  /** Plans the next pass; returns how many probes it has. */
  plan(chunk: Chunk): number;
  /** A planned probe goes out. */
  sent(trace: number, ttl: number): void;
  /** Takes out of the plan what lies beyond the end of the path, which is known by now; returns how many. */
  dropBeyondEnd(trace: number): number;
  /** Whether every probe that is sent and belongs to the path is answered. */
  isAnswered(chunk: Chunk): boolean;
  /** Targets left out so far. */
  skipped(): number;
}

/** One target of so many is traced from the first hop on even where the others leave out the first hops. */
const SAMPLE = 16;

export function createTracePlans(options: TracePlansOptions): TracePlans {
  const { board, source, maxTtl, retries } = options;
  const { retried } = board;
  const count = options.variants.length;
  const traces = board.capacity * count;
  const low = new Int32Array(traces);
  const high = new Int32Array(traces);
  const sentLow = new Int32Array(traces);
  const sentHigh = new Int32Array(traces);
  /** Per place: 0 leave it out, else 1 more than the first hops that its traces do not ask. */
  const asked = new Uint8Array(board.capacity);
  const target = createTarget();
  const into: TtlSet = { low: 0, high: 0 };
  const state: Mutable<TraceState> = {
    sent: { low: 0, high: 0 },
    answered: { low: 0, high: 0 },
    final: 0,
    distance: 0,
    retriesUsed: 0,
    showsChange: false,
  };
  let skipped = 0;

  function read(trace: number, place: number): void {
    state.sent.low = sentLow[trace] as number;
    state.sent.high = sentHigh[trace] as number;
    state.answered.low = board.answeredLow[trace] as number;
    state.answered.high = board.answeredHigh[trace] as number;
    state.final = board.final[trace] as number;
    state.distance = board.distance[place] as number;
    state.retriesUsed = retried[trace] as number;
    state.showsChange = board.shows[trace] !== 0;
  }

  return {
    low,
    high,
    begin(chunk) {
      for (let index = chunk.from; index < chunk.to; index++) {
        const place = board.placeOf(index);
        for (let trace = place * count; trace < (place + 1) * count; trace++) {
          sentLow[trace] = 0;
          sentHigh[trace] = 0;
        }
        source.targetAt(index, target);
        const spared = index % SAMPLE === 0 ? 0 : chunk.sharedHops[addressFamily(target.address) === 4 ? 0 : 1];
        const isSkipped = options.skips.isSkipped?.(target.address) ?? false;
        asked[place] = isSkipped ? 0 : 1 + spared;
        board.leftOut[place] = Number(isSkipped);
        if (isSkipped) skipped++;
      }
    },
    end(index) {
      const place = board.placeOf(index);
      asked[place] = 0;
      let planned = 0;
      for (let trace = place * count; trace < (place + 1) * count; trace++) {
        planned += sizeOf(low[trace] as number, high[trace] as number);
        low[trace] = 0;
        high[trace] = 0;
      }
      return planned;
    },
    plan(chunk) {
      let planned = 0;
      for (let index = chunk.from; index < chunk.to; index++) {
        const place = board.placeOf(index);
        const mark = asked[place] as number;
        if (mark === 0) continue;
        const limits = { maxTtl, retries, sharedHops: Math.min(mark - 1, maxTtl - 1) };
        for (let trace = place * count; trace < (place + 1) * count; trace++) {
          read(trace, place);
          const step = nextTtls(state, limits, into);
          if (step === "retry") retried[trace] = (retried[trace] as number) + 1;
          low[trace] = into.low;
          high[trace] = into.high;
          planned += sizeOf(into.low, into.high);
        }
      }
      return planned;
    },
    sent(trace, ttl) {
      low[trace] = (low[trace] as number) & ~lowBit(ttl);
      high[trace] = (high[trace] as number) & ~highBit(ttl);
      sentLow[trace] = (sentLow[trace] as number) | lowBit(ttl);
      sentHigh[trace] = (sentHigh[trace] as number) | highBit(ttl);
    },
    dropBeyondEnd(trace) {
      const final = board.final[trace] as number;
      if (final === 0) return 0;
      const beyondLow = (low[trace] as number) & ~lowBelow(final);
      const beyondHigh = (high[trace] as number) & ~highBelow(final);
      if ((beyondLow | beyondHigh) === 0) return 0;
      low[trace] = (low[trace] as number) & ~beyondLow;
      high[trace] = (high[trace] as number) & ~beyondHigh;
      return sizeOf(beyondLow, beyondHigh);
    },
    isAnswered(chunk) {
      for (; chunk.from + chunk.answered < chunk.to; chunk.answered++) {
        const place = board.placeOf(chunk.from + chunk.answered);
        if (asked[place] === 0) continue;
        for (let trace = place * count; trace < (place + 1) * count; trace++) {
          const end = (board.final[trace] as number) || 64;
          const openLow = (sentLow[trace] as number) & ~(board.answeredLow[trace] as number) & lowBelow(end);
          const openHigh = (sentHigh[trace] as number) & ~(board.answeredHigh[trace] as number) & highBelow(end);
          if ((openLow | openHigh) !== 0) return false;
        }
      }
      return true;
    },
    skipped: () => skipped,
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends Readonly<TtlSet> ? TtlSet : T[K] };
