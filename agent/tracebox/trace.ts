import type { Variant } from "../../shared/probe/variant.js";

/**
 * One trace: one variant towards one target, TTL after TTL, then the silent TTLs again.
 *
 * - `forward`: sends the next TTL after a gap, until the target answered, `maxTtl` is reached, or SILENT_LIMIT hops
 *   beyond the last one that answered were silent.
 * - `settle`: waits the reply window after the last probe; goes back to `forward` when an answer shows that the path
 *   goes on.
 * - `retry`: sends the silent TTLs below the last answer, and the one after it, again.
 * - `over`: every probe is answered or given up.
 */
export interface Trace {
  readonly variant: Variant;
  /** The TTL to send at `nowMs`, or 0. Moves the state on, so look at `isOver` after it. */
  due(nowMs: number): number;
  /** When `due` may say something else than it last did, if no answer comes before. */
  readonly looksAgainAt: number;
  /** The probe with `ttl` went out; `unixMs` is the send time it carries. */
  sent(ttl: number, nowMs: number, unixMs: number): void;
  /** An answer came. `final` says that nothing lies beyond. False when it is a duplicate or cannot be. */
  answered(ttl: number, final: boolean, rttMs: number): boolean;
  /**
   * The TTL of an answer that does not tell it (a reset, or a SYN/ACK without timestamps): of the unanswered probes that
   * went beyond every router seen so far, the one whose time since sending comes nearest to the last router's round-trip
   * time; 0 when there is none. Once the end of the path is known only probes that were sent again are candidates.
   */
  guessTtl(capturedUnixMs: number): number;
  /** Send times of a TTL's attempts, Unix milliseconds, latest last. */
  sendTimes(ttl: number): readonly number[];
  /** True while TTLs are sent for the first time. */
  readonly isForward: boolean;
  readonly isOver: boolean;
}

export interface TraceLimits {
  readonly maxTtl: number;
  readonly retries: number;
  readonly replyWindowMs: number;
  /** Shortest time between two TTLs of a trace. */
  readonly roundGapMs: number;
}

const SILENT_LIMIT = 5;
/** A slow answer makes the gap longer, so that few probes fly past the target; no more than this. */
const LONGEST_GAP_MS = 300;

type State = "forward" | "settle" | "retry" | "over";

export function createTrace(variant: Variant, limits: TraceLimits): Trace {
  const { maxTtl, retries, replyWindowMs, roundGapMs } = limits;
  const times: number[][] = Array.from({ length: maxTtl + 1 }, () => []);
  const hasAnswer = new Uint8Array(maxTtl + 1);
  let state: State = "forward";
  let nextTtl = 1;
  let highestAnswered = 0;
  let highestRouter = 0;
  let lastRouterRttMs = 0;
  let finalTtl = 0;
  let gapMs = roundGapMs;
  let notBefore = 0;
  let windowEndsAt = 0;
  let round = 0;
  let queue: number[] = [];

  const mayGoOn = (): boolean => finalTtl === 0 && nextTtl <= maxTtl && nextTtl <= highestAnswered + SILENT_LIMIT;

  function silentTtls(): number[] {
    const last = finalTtl > 0 ? finalTtl : Math.min(highestAnswered + 1, maxTtl);
    const silent: number[] = [];
    for (let ttl = 1; ttl <= last && ttl < nextTtl; ttl++) {
      if (hasAnswer[ttl] === 0) silent.push(ttl);
    }
    return silent;
  }

  function settle(nowMs: number): void {
    const silent = silentTtls();
    if (silent.length === 0) {
      // Without an answer of the target there may be a late one that shows more of the path.
      if (finalTtl > 0 || nowMs >= windowEndsAt) state = "over";
    } else if (nowMs >= windowEndsAt) {
      if (round < retries) {
        round++;
        queue = silent;
        state = "retry";
      } else {
        state = "over";
      }
    }
  }

  return {
    variant,
    due(nowMs) {
      if (state === "settle" && mayGoOn()) state = "forward";
      if (state === "forward") {
        if (mayGoOn()) return nowMs >= notBefore ? nextTtl : 0;
        state = "settle";
      }
      if (state === "settle") settle(nowMs);
      if (state === "retry") {
        while (queue[0] !== undefined && (hasAnswer[queue[0]] === 1 || (finalTtl > 0 && queue[0] > finalTtl))) {
          queue.shift();
        }
        if (queue[0] !== undefined) return queue[0];
        state = "settle";
      }
      return 0;
    },
    sent(ttl, nowMs, unixMs) {
      times[ttl]?.push(unixMs);
      windowEndsAt = nowMs + replyWindowMs;
      if (state === "retry") {
        queue.shift();
      } else {
        nextTtl = ttl + 1;
        notBefore = nowMs + gapMs;
      }
    },
    answered(ttl, final, rttMs) {
      if (ttl < 1 || ttl >= nextTtl || hasAnswer[ttl] === 1 || (finalTtl > 0 && ttl > finalTtl)) return false;
      hasAnswer[ttl] = 1;
      highestAnswered = Math.max(highestAnswered, ttl);
      if (final) finalTtl = ttl;
      else if (ttl > highestRouter) {
        highestRouter = ttl;
        lastRouterRttMs = rttMs;
      }
      gapMs = Math.max(roundGapMs, Math.min(LONGEST_GAP_MS, rttMs));
      return true;
    },
    guessTtl(capturedUnixMs) {
      const last = finalTtl > 0 ? finalTtl : nextTtl - 1;
      let guess = 0;
      let smallestError = Number.POSITIVE_INFINITY;
      for (let ttl = highestRouter + 1; ttl <= last; ttl++) {
        const attempts = times[ttl] ?? [];
        const sentAt = attempts.at(-1);
        if (hasAnswer[ttl] === 1 || sentAt === undefined || sentAt > capturedUnixMs) continue;
        if (finalTtl > 0 && attempts.length < 2) continue;
        const error = Math.abs(capturedUnixMs - sentAt - lastRouterRttMs);
        if (error < smallestError) {
          smallestError = error;
          guess = ttl;
        }
      }
      return guess;
    },
    sendTimes: (ttl) => times[ttl] ?? [],
    get looksAgainAt() {
      return state === "forward" ? notBefore : state === "settle" ? windowEndsAt : Number.POSITIVE_INFINITY;
    },
    get isForward() {
      return state === "forward";
    },
    get isOver() {
      return state === "over";
    },
  };
}
