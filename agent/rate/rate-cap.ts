import { BATCH_PACKETS } from "../wire/port.js";

/** Permission to send, in packets. May be shared by the threads of one process: then they keep to it together. */
export interface RateCap {
  /** Takes at most `wanted` whole packets; returns how many there were. */
  take(wanted: number): number;
  /** Puts back what was taken and not used. */
  giveBack(packets: number): void;
  /** Milliseconds until at least one packet may go; 0 when one may. */
  readyInMs(): number;
  setRate(packetsPerSecond: number): void;
  readonly packetsPerSecond: number;
}

export interface RateCapOptions {
  readonly packetsPerSecond: number;
  /** Monotonic milliseconds with fractions, the same clock in every thread. */
  readonly nowMs: () => number;
  /** `RATE_CAP_BYTES` of zeros that other threads attach to. */
  readonly memory?: SharedArrayBuffer;
}

export const RATE_CAP_BYTES = 16;

/**
 * What may be saved up, so that a sender that was held up does not make up for it with a burst: 10 ms of the rate (a
 * timer may come late by as much), and never more than one batch. So any window of 10 ms has at most 10 ms of the rate
 * and one batch.
 */
const SAVED_MS = 10;

/**
 * Packets of each second that are not given out, so that no second has more than the rate whenever it begins: it may
 * begin with a batch that was given out before and held up on its way to the wire, and with what was saved meanwhile.
 * 2 % of a small rate, 512 packets of a large one.
 */
function reserveOf(packetsPerSecond: number): number {
  return 2 * Math.min((packetsPerSecond * SAVED_MS) / 1_000, BATCH_PACKETS);
}

/** Words of the shared memory: the time up to which the rate is used up (ns), and the rate (packets per 1,000 s). */
const USED_UNTIL = 0;
const RATE = 1;
const RATE_UNIT = 1000;

/**
 * The generic cell rate algorithm (ITU-T I.371) with one 64-bit word of state, changed by compare-and-swap. Starts
 * with nothing saved.
 */
export function createRateCap({ packetsPerSecond, nowMs, memory }: RateCapOptions): RateCap {
  const words = new BigInt64Array(memory ?? new SharedArrayBuffer(RATE_CAP_BYTES), 0, 2);
  words[RATE] = toRateUnits(packetsPerSecond);
  words[USED_UNTIL] = toNs(nowMs());
  return rateCapOver(words, nowMs);
}

/** The cap that another thread created in `memory`. */
export function attachRateCap(memory: SharedArrayBuffer, nowMs: () => number): RateCap {
  return rateCapOver(new BigInt64Array(memory, 0, 2), nowMs);
}

function rateCapOver(words: BigInt64Array, nowMs: () => number): RateCap {
  const rate = (): number => Number(Atomics.load(words, RATE)) / RATE_UNIT;
  const nsOf = (packetsPerSecond: number): number => 1e9 / (packetsPerSecond - reserveOf(packetsPerSecond));

  /** Replaces the time used; false when another thread came between. Without a closure: a cap is asked for each batch. */
  function replace(seen: bigint, usedUntilNs: number): boolean {
    const wanted = BigInt(Math.round(usedUntilNs));
    return Atomics.compareExchange(words, USED_UNTIL, seen, wanted) === seen;
  }

  return {
    take(wanted) {
      const nsEach = nsOf(rate());
      const now = nowMs() * 1e6;
      for (;;) {
        const seen = Atomics.load(words, USED_UNTIL);
        const from = Math.max(Number(seen), now - savedNs(nsEach));
        const taken = Math.max(0, Math.min(wanted, Math.floor((now - from) / nsEach + ROUNDING)));
        if (taken === 0 || replace(seen, from + taken * nsEach)) return taken;
      }
    },
    giveBack(packets) {
      if (packets <= 0) return;
      for (;;) {
        const seen = Atomics.load(words, USED_UNTIL);
        if (replace(seen, Number(seen) - packets * nsOf(rate()))) return;
      }
    },
    readyInMs() {
      const used = Number(Atomics.load(words, USED_UNTIL));
      return Math.max(0, (used + nsOf(rate())) / 1e6 - nowMs());
    },
    setRate(packetsPerSecond) {
      const before = rate();
      Atomics.store(words, RATE, toRateUnits(packetsPerSecond));
      const after = rate();
      if (after === before) return;
      const now = nowMs() * 1e6;
      // What is saved stays as many packets, and what is owed too.
      for (;;) {
        const seen = Atomics.load(words, USED_UNTIL);
        if (replace(seen, now - ((now - Number(seen)) * nsOf(after)) / nsOf(before))) return;
      }
    },
    get packetsPerSecond() {
      return rate();
    },
  };
}

/** A packet's worth of time may come out a rounding error short. */
const ROUNDING = 1e-6;

/** A packet that is due now, and what a late timer has kept back. */
function savedNs(nsEach: number): number {
  return nsEach + Math.min(SAVED_MS * 1e6, (BATCH_PACKETS - 1) * nsEach);
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}

function toRateUnits(packetsPerSecond: number): bigint {
  return BigInt(Math.max(1, Math.round(packetsPerSecond * RATE_UNIT)));
}
