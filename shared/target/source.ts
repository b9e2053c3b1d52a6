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
  port: number;
}

/** Targets by index: `targetAt` is a bijection from `[0, size)`, `indexOf` its inverse. Both O(1) in the size. */
export interface TargetSource {
  /** N; an integer up to 2^53. */
  readonly size: number;
  /** Writes the target of `index` into `into`. */
  targetAt(index: number, into: MutableTarget): void;
  /** The index of a target, or -1 when it is not one of this source. */
  indexOf(address: Uint8Array, port: number): number;
}
