/** A word as four bytes in network order, in the memory of a little-endian machine, as all of Node's are; or back again. */
export function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
