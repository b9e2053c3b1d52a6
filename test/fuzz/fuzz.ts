import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../../shared/errors.js";
import type { FuzzedDecoder } from "./decoder.js";
import { type Draft, mutate } from "./mutation.js";
import { createRandom } from "./random.js";

/** No input may take longer. */
const LONGEST_MS = 1;
/**
 * A machine that does other work makes any input slow at times, even ten times in a row: only one that is slow every time,
 * with pauses in between, counts.
 */
const MEASUREMENTS = 50;
const MEASUREMENTS_AT_ONCE = 10;
const PAUSE_MS = 20;
/** Code that has just been started is slow: until here only the limit counts. */
const WARM_UP_CASES = 20_000;
/** Cases between two reports. */
const REPORT_CASES = 1 << 18;

export interface FuzzOptions {
  readonly cases: number;
  /** The same seed gives the same inputs. */
  readonly seed: number;
  readonly report?: (cases: number) => void;
}

export interface FuzzResult {
  readonly cases: number;
  /** Inputs that were not refused: none, or nearly none, would mean that nothing behind the first check was tried. */
  readonly accepted: number;
  readonly elapsedMs: number;
  /** The slowest input, by the least of several measurements. */
  readonly slowest: { readonly ms: number; readonly input: Uint8Array };
  /** The first input that broke a rule; the run ended there. */
  readonly failure: { readonly input: Uint8Array; readonly reason: string } | null;
}

/** Gives a decoder `cases` inputs: no error but the one it refuses with, and none slower than a millisecond. */
export async function fuzz(decoder: FuzzedDecoder, { cases, seed, report }: FuzzOptions): Promise<FuzzResult> {
  const random = createRandom(seed, decoder.name);
  const draft: Draft = { bytes: new Uint8Array(decoder.maxBytes), length: 0 };
  // An input ends where its buffer ends, and does not begin where it begins: a view that forgets either is found out.
  const room = new Uint8Array(decoder.maxBytes);
  const startedMs = performance.now();
  let slowest = { ms: 0, input: new Uint8Array(0) };
  let accepted = 0;
  let done = 0;

  const result = (failure: FuzzResult["failure"]): FuzzResult => {
    return { cases: done, accepted, elapsedMs: performance.now() - startedMs, slowest, failure };
  };
  while (done < cases) {
    mutate(draft, decoder.seeds, random);
    const input = room.subarray(room.length - draft.length);
    for (let i = 0; i < input.length; i++) input[i] = draft.bytes[i] as number;
    if (decoder.repair !== undefined && (done & 1) === 0) decoder.repair(input);
    done++;
    const beganMs = performance.now();
    const pending = attempt(decoder, input);
    const trial = pending instanceof Promise ? await pending : pending;
    const tookMs = performance.now() - beganMs;
    if (typeof trial === "string") return result({ input: input.slice(), reason: trial });
    if (trial) accepted++;
    const isWarm = done > WARM_UP_CASES;
    if (tookMs > LONGEST_MS || (isWarm && tookMs > slowest.ms)) {
      const ms = await leastMs(decoder, input, isWarm ? slowest.ms : LONGEST_MS);
      if (ms > LONGEST_MS) return result({ input: input.slice(), reason: tooSlow(ms) });
      if (isWarm && ms > slowest.ms) slowest = { ms, input: input.slice() };
    }
    if (done % REPORT_CASES === 0) report?.(done);
  }
  return result(null);
}

/** What is wrong with how a decoder takes one input, or null. */
export async function faultOf(decoder: FuzzedDecoder, input: Uint8Array): Promise<string | null> {
  const trial = await attempt(decoder, input);
  if (typeof trial === "string") return trial;
  const ms = await leastMs(decoder, input, LONGEST_MS);
  return ms > LONGEST_MS ? tooSlow(ms) : null;
}

function tooSlow(ms: number): string {
  return `it takes ${ms.toFixed(2)} ms`;
}

/** True when the input is read, false when it is refused; else what is wrong. Waits only for decoders that do. */
function attempt(decoder: FuzzedDecoder, input: Uint8Array): Promise<string | boolean> | string | boolean {
  try {
    const read = decoder.decode(input);
    if (!(read instanceof Promise)) return true;
    return read.then(
      () => true,
      (error: unknown) => judge(decoder, error),
    );
  } catch (error) {
    return judge(decoder, error);
  }
}

function judge({ refusal }: FuzzedDecoder, error: unknown): string | false {
  if (refusal !== null && error instanceof refusal) return false;
  return `it throws ${error instanceof Error ? error.name : typeof error}: ${errorMessage(error)}`;
}

/**
 * The least time of several measurements; no more are made once one is `fastMs` or less. Pauses are for those that would
 * fail.
 */
async function leastMs(decoder: FuzzedDecoder, input: Uint8Array, fastMs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MEASUREMENTS && least > fastMs; i++) {
    if (i > 0 && i % MEASUREMENTS_AT_ONCE === 0) {
      if (least <= LONGEST_MS) break;
      await sleep(PAUSE_MS);
    }
    const beganMs = performance.now();
    await attempt(decoder, input);
    least = Math.min(least, performance.now() - beganMs);
  }
  return least;
}
