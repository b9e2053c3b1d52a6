import { msSince, type TraceBoard } from "./board.js";
import { hasTtl, highBelow, highBit, highestTtl, lowBelow, lowBit } from "./ttl-set.js";

/** What an answer says of its trace. */
export interface TraceAnswer {
  /** Nothing lies beyond: the target's own, or somebody's who turned the probe away. */
  readonly isFinal: boolean;
  /** It brings its probe's TTL back. */
  readonly tellsTtl: boolean;
  /** It bears the target's address. */
  readonly isTarget: boolean;
  /** TTL or hop limit that it came with. */
  readonly replyTtl: number;
  readonly rttUs: number;
}

/** The receiver's side of the board of traces. */
export interface TraceBook {
  /** Whether a probe with this TTL was sent and is still unanswered, and belongs to the path as far as it is known. */
  isOpen(trace: number, ttl: number): boolean;
  answered(trace: number, ttl: number, answer: TraceAnswer): void;
  /**
   * The TTL of an answer that does not tell it (a reset, a SYN/ACK without timestamps, an IPv6 quote without them): of
   * the open probes the one whose time since sending comes nearest to what the trace's last answer took; 0: none.
   */
  guessTtl(trace: number, isFinal: boolean, capturedUs: number): number;
  /**
   * When the answered probe was sent and how long the answer took. `sentTimeMs26`: the 26 bits of send time that came
   * back, null where none did. They count where an attempt can have had them: the last one, or after a retry one that was
   * a reply window before it; else (`isOwnTime` false) it is the time of the last attempt.
   */
  timesOf(
    trace: number,
    ttl: number,
    sentTimeMs26: number | null,
    capturedUs: number,
  ): { readonly sentMs: number; readonly rttUs: number; readonly isOwnTime: boolean };
}

export interface TraceBookOptions {
  readonly variants: readonly unknown[];
  readonly maxTtl: number;
  readonly replyWindowMs: number;
}

const TIME_MODULUS_MS = 2 ** 26;
/** Windows are measured with another clock than the times of probes. */
const CLOCK_TICK_MS = 2;
/** An answer that took longer than this did not bring our own time back. */
const LONGEST_MS = 60_000;
/** So that an answer comes before the next probe is sent, and time tells them apart. */
const LEAST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** TTLs that senders begin with (RFC 1700's 64 and what others chose), ascending. */
const INITIAL_TTLS = [32, 64, 128, 255] as const;

export function createTraceBook(board: TraceBoard, options: TraceBookOptions): TraceBook {
  const { variants, maxTtl, replyWindowMs } = options;
  const { answeredLow, answeredHigh, final, pauseMs, retried, distance, sentAt, ttls } = board;
  /** Of each trace's last answer. */
  const lastRttUs = new Float64Array(final.length);

  function lastRouterOf(trace: number): number {
    const end = (final[trace] as number) || maxTtl;
    return highestTtl((answeredLow[trace] as number) & lowBelow(end), (answeredHigh[trace] as number) & highBelow(end));
  }

  const book: TraceBook = {
    isOpen(trace, ttl) {
      if (ttl < 1 || ttl > maxTtl || sentAt[trace * ttls + ttl] === 0) return false;
      const end = final[trace] as number;
      if (end > 0 && ttl > end) return false;
      return !hasTtl(answeredLow[trace] as number, answeredHigh[trace] as number, ttl);
    },
    answered(trace, ttl, { isFinal, tellsTtl, isTarget, replyTtl, rttUs }) {
      answeredLow[trace] = (answeredLow[trace] as number) | lowBit(ttl);
      answeredHigh[trace] = (answeredHigh[trace] as number) | highBit(ttl);
      lastRttUs[trace] = rttUs;
      if (!isFinal) return;
      final[trace] = ttl;
      if (!tellsTtl) pauseMs[trace] = Math.min(LONGEST_PAUSE_MS, LEAST_PAUSE_MS + (2 * rttUs) / 1000);
      const place = Math.floor(trace / variants.length);
      if (isTarget && distance[place] === 0) distance[place] = Math.min(maxTtl, hopsOf(replyTtl));
    },
    guessTtl(trace, isFinal, capturedUs) {
      let guess = 0;
      let smallestError = Number.POSITIVE_INFINITY;
      // The end of a path lies behind every router on it.
      const first = isFinal ? 1 + lastRouterOf(trace) : 1;
      for (let ttl = first; ttl <= maxTtl; ttl++) {
        if (!book.isOpen(trace, ttl)) continue;
        const elapsedUs = msSince(sentAt[trace * ttls + ttl] as number, capturedUs / 1000) * 1000;
        const error = Math.abs(elapsedUs - (lastRttUs[trace] as number));
        if (error < smallestError) {
          smallestError = error;
          guess = ttl;
        }
      }
      return guess;
    },
    timesOf(trace, ttl, sentTimeMs26, capturedUs) {
      const capturedMs = Math.floor(capturedUs / 1000);
      const lastMs = msSince(sentAt[trace * ttls + ttl] as number, capturedMs);
      const echoedMs = sentTimeMs26 === null ? -1 : modulo(capturedMs - sentTimeMs26, TIME_MODULUS_MS);
      const isEarlier = echoedMs >= lastMs + replyWindowMs - CLOCK_TICK_MS && echoedMs <= LONGEST_MS;
      const isOwnTime = echoedMs === lastMs || (retried[trace] !== 0 && isEarlier);
      const elapsedMs = isOwnTime ? echoedMs : Math.max(0, lastMs);
      const rttUs = elapsedMs * 1000 + (capturedUs - capturedMs * 1000);
      return { sentMs: capturedMs - elapsedMs, rttUs, isOwnTime };
    },
  };
  return book;
}

/** Hops that a packet came, which began with the lowest usual TTL that is not below what is left of it. */
function hopsOf(replyTtl: number): number {
  const initial = INITIAL_TTLS.find((ttl) => ttl >= replyTtl) ?? 255;
  return initial - replyTtl + 1;
}

function modulo(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}
