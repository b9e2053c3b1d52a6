import { swapBytes } from "../byte-order.js";

/**
 * A probe target. `address` is always 16 bytes in network order, IPv4 mapped (::ffff:a.b.c.d), so that one hash, one
 * table column and one comparison serve both families.
 */
export interface Target {
  readonly address: Uint8Array;
  readonly port: number;
}

/** The same object, filled again for every index: nothing is allocated per packet. */
export interface MutableTarget {
  readonly address: Uint8Array;
  /** The address as four 32-bit words of memory: a fifth of the work where every target counts. */
  readonly words: Int32Array;
  port: number;
}

export function createTarget(): MutableTarget {
  const words = new Int32Array(4);
  return { address: new Uint8Array(words.buffer), words, port: 0 };
}

/** The third word of a mapped IPv4 address: bytes 0, 0, 0xff, 0xff on a little-endian machine, as all of Node's are. */
export const MAPPED = 0xffff_0000 | 0;

/** Makes `into` the address of the IPv4 number `value`. */
export function setIpv4({ words }: MutableTarget, value: number): void {
  words[0] = 0;
  words[1] = 0;
  words[2] = MAPPED;
  words[3] = swapBytes(value);
}

/** Targets by index, faster where indices ascend. */
export interface TargetReader {
  /** As a source's. Throws RangeError for an index that the reader is not for. */
  targetAt(index: number, into: MutableTarget): void;
  /**
   * Targets that were computed together: two words for each, its address and, in the lower half, its port, both in
   * network order. Null: none are, and what follows does not apply.
   */
  readonly run: Int32Array | null;
  /** How many targets of the run there are from `index` on, one at least. It stays until the next call of any function. */
  runFrom(index: number): number;
  /** Where the target of `index` is in it. */
  wordOf(index: number): number;
}

/** Targets by index: `targetAt` is a bijection from `[0, size)`, `indexOf` its inverse. Both O(1) in the size. */
export interface TargetSource {
  /** N; an integer up to 2^53. */
  readonly size: number;
  /** Writes the target of `index` into `into`. */
  targetAt(index: number, into: MutableTarget): void;
  /** A reader of the indices below `to`. */
  readAhead(to: number): TargetReader;
  /** The index of a target, or -1 when it is not one of this source. */
  indexOf(address: Uint8Array, port: number): number;
}
