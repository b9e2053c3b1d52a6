/** Marks that a bin collects before they are written: 256 bins of them fit a core's cache. */
const BIN_MARKS = 4_096;
const BINS = 256;

/** What threads share: a bit for every IPv4 address in 512 MiB, and a lock for each of its 256 parts. */
export interface SharedBits {
  readonly bits: SharedArrayBuffer;
  readonly locks: SharedArrayBuffer;
}

export function createSharedBits(): SharedBits {
  return { bits: new SharedArrayBuffer(2 ** 32 / 8), locks: new SharedArrayBuffer(4 * BINS) };
}

/** One thread's way to set bits. */
export interface BitMarker {
  /** Sets the bit of an address, given as 16 mapped bytes; it is written later. */
  mark(address: Uint8Array): void;
  /** Writes what was collected. */
  flush(): void;
}

/**
 * Marks are collected by the first byte of the address and written together: addresses in permuted order would miss the
 * cache at every single one, which takes 400 ns. `onTwice` gets an address whose bit is set already.
 */
export function createBitMarker(shared: SharedBits, onTwice: (address: number) => void): BitMarker {
  const words = new Int32Array(shared.bits);
  const locks = new Int32Array(shared.locks);
  const bins = new Uint32Array(BINS * BIN_MARKS);
  const counts = new Uint32Array(BINS);

  const write = (bin: number, count: number): void => {
    while (Atomics.compareExchange(locks, bin, 0, 1) !== 0) {
      Atomics.wait(locks, bin, 1, 1);
    }
    const start = bin * BIN_MARKS;
    for (let i = start; i < start + count; i++) {
      const address = bins[i] ?? 0;
      const bit = 1 << (address & 31);
      const word = words[address >>> 5] ?? 0;
      if ((word & bit) !== 0) {
        onTwice(address);
      }
      words[address >>> 5] = word | bit;
    }
    Atomics.store(locks, bin, 0);
  };
  return {
    mark(address) {
      const bin = address[12] ?? 0;
      const count = (counts[bin] ?? 0) + 1;
      bins[bin * BIN_MARKS + count - 1] =
        (bin << 24) | ((address[13] ?? 0) << 16) | ((address[14] ?? 0) << 8) | (address[15] ?? 0);
      if (count < BIN_MARKS) {
        counts[bin] = count;
      } else {
        write(bin, count);
        counts[bin] = 0;
      }
    },
    flush() {
      for (const [bin, count] of counts.entries()) {
        write(bin, count);
        counts[bin] = 0;
      }
    },
  };
}

/** Sets the bits of `[first, last]`, whose ends lie on borders of 32 addresses. */
export function fillBits({ bits }: SharedBits, first: number, last: number): void {
  new Int32Array(bits).fill(-1, first / 32, (last + 1) / 32);
}

/** The first address whose bit is not set, or null. */
export function firstUnset({ bits }: SharedBits): number | null {
  const words = new Int32Array(bits);
  const at = words.findIndex((word) => word !== -1);
  return at < 0 ? null : at * 32 + (31 - Math.clz32(~(words[at] ?? 0) & -~(words[at] ?? 0)));
}
