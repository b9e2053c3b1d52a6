import { createHash } from "node:crypto";

/** A keyed bijection of `[0, size)` onto itself. */
export interface Permutation {
  readonly size: number;
  /** For code that computes many places at once. */
  readonly network: Network;
  /** The value at place `index`; both in `[0, size)`. */
  at(index: number): number;
  /** The inverse: `indexOf(at(i)) === i`. */
  indexOf(value: number): number;
}

/**
 * Rounds of the Feistel network. Luby and Rackoff (1988) need four with ideal round functions. These are cheap ones,
 * and the halves of a small domain have a bit or two: with eight, all orders of four values are equally frequent over
 * the keys, and neighbours in a large domain are as far apart as random numbers. A round costs about 2.5 ns.
 */
const ROUNDS = 8;

/**
 * An alternating Feistel network over the smallest power of two that holds `size`, at least four, with cycle-walking:
 * a value outside `[0, size)` is permuted again, less than once more on average. `size` is an integer from 1 to 2^53,
 * so the halves have at most 27 bits and are joined by multiplication: a shift would cut at 32 bits. `key` is 16 bytes.
 */
export function createPermutation(size: number, key: Uint8Array): Permutation {
  if (!Number.isInteger(size) || size < 1 || size > 2 ** 53) {
    throw new RangeError(`a permutation has 1 to 2^53 places, not ${size}`);
  }
  const bits = Math.max(2, bitsFor(size));
  const highBits = bits >> 1;
  const lowBits = bits - highBits;
  const lowSize = 2 ** lowBits;
  const sizeHigh = Math.floor(size / lowSize);
  const network: Network = {
    lowSize,
    sizeHigh,
    sizeLow: size - sizeHigh * lowSize,
    highShift: 32 - highBits,
    lowShift: 32 - lowBits,
    keys: roundKeys(key),
  };

  return {
    size,
    network,
    at(index) {
      requirePlace(index, size);
      return forward(network, index);
    },
    indexOf(value) {
      requirePlace(value, size);
      return backward(network, value);
    },
  };
}

/**
 * Plain fields, and a loop over the rounds: with variables of a closure, or with the rounds written out, the engine
 * stops short of inlining all of it into its caller, and a target costs half as much again. `kernel.as.ts` does the
 * same for many indices at once.
 */
export interface Network {
  /** Values of the lower half. */
  readonly lowSize: number;
  /** The halves of the domain's size: the first value outside. */
  readonly sizeHigh: number;
  readonly sizeLow: number;
  /** Bits of a 32-bit word that a half does not have. */
  readonly highShift: number;
  readonly lowShift: number;
  /** Addend and odd factor of each round, in turn. */
  readonly keys: Int32Array;
}

function forward({ lowSize, sizeHigh, sizeLow, highShift, lowShift, keys }: Network, index: number): number {
  let high = Math.floor(index / lowSize) | 0;
  let low = (index - high * lowSize) | 0;
  do {
    for (let i = 0; i < 2 * ROUNDS; i += 4) {
      high ^= mix(low, keys[i] ?? 0, keys[i + 1] ?? 0) >>> highShift;
      low ^= mix(high, keys[i + 2] ?? 0, keys[i + 3] ?? 0) >>> lowShift;
    }
  } while (high > sizeHigh || (high === sizeHigh && low >= sizeLow));
  return high * lowSize + low;
}

function backward({ lowSize, sizeHigh, sizeLow, highShift, lowShift, keys }: Network, place: number): number {
  let high = Math.floor(place / lowSize) | 0;
  let low = (place - high * lowSize) | 0;
  do {
    for (let i = 2 * ROUNDS - 4; i >= 0; i -= 4) {
      low ^= mix(high, keys[i + 2] ?? 0, keys[i + 3] ?? 0) >>> lowShift;
      high ^= mix(low, keys[i] ?? 0, keys[i + 1] ?? 0) >>> highShift;
    }
  } while (high > sizeHigh || (high === sizeHigh && low >= sizeLow));
  return high * lowSize + low;
}

/**
 * A word whose upper bits are the round function: multiply-shift hashing (Dietzfelbinger 1996), one multiplication
 * because the chain of dependent steps is what a round costs. Each round has a factor of its own: with a constant one,
 * a domain of four has orders that no key leads to.
 */
function mix(value: number, addend: number, factor: number): number {
  return Math.imul((value + addend) | 0, factor);
}

/** Addend and odd factor of each round, in turn. */
function roundKeys(key: Uint8Array): Int32Array {
  if (key.length !== 16) {
    throw new RangeError(`a permutation key has 16 bytes, not ${key.length}`);
  }
  const digest = createHash("sha512").update(key).digest();
  return Int32Array.from({ length: 2 * ROUNDS }, (_, i) => digest.readInt32LE(4 * i) | (i & 1));
}

/** The least b with 2^b >= size. */
function bitsFor(size: number): number {
  let bits = 0;
  while (2 ** bits < size) {
    bits++;
  }
  return bits;
}

function requirePlace(place: number, size: number): void {
  if (!(place >= 0 && place < size)) {
    throw new RangeError(`${place} is not in [0, ${size})`);
  }
}
