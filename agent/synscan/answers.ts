import type { Variant } from "../../shared/probe/variant.js";

/** Which probes of a lease need no more sending: a byte per index with a bit per variant. */
export interface AnswerBook {
  has(index: number, variant: Variant): boolean;
  /** Records an answer; false when there was one, or when the variant is none of the scan's. */
  add(index: number, variant: Variant): boolean;
  /** Nothing more is to be sent to this target. */
  close(index: number): void;
  isComplete(index: number): boolean;
}

const CLOSED = 0x80;

export function createAnswerBook(from: number, to: number, variants: readonly Variant[]): AnswerBook {
  const seen = new Uint8Array(to - from);
  const bits = new Map<Variant, number>(variants.map((variant, i) => [variant, 1 << i]));
  const all = (1 << variants.length) - 1;
  const at = (index: number): number => seen[index - from] ?? CLOSED;

  return {
    has: (index, variant) => (at(index) & (CLOSED | (bits.get(variant) ?? 0))) !== 0,
    add(index, variant) {
      const bit = bits.get(variant) ?? 0;
      if (bit === 0 || (at(index) & bit) !== 0) return false;
      seen[index - from] = at(index) | bit;
      return true;
    },
    close(index) {
      seen[index - from] = at(index) | CLOSED;
    },
    isComplete(index) {
      const bitsSeen = at(index);
      return (bitsSeen & CLOSED) !== 0 || (bitsSeen & all) === all;
    },
  };
}
