import { VARIANTS } from "../../shared/probe/variant.js";

// Sets of variants as bits: bit i stands for VARIANTS[i].

export function countBits(bits: number): number {
  return (bits & 1) + ((bits >>> 1) & 1) + ((bits >>> 2) & 1) + ((bits >>> 3) & 1);
}

/** The `most` lowest of these bits. */
export function lowestBits(bits: number, most: number): number {
  if (most >= VARIANTS.length) return bits;
  let rest = bits;
  for (let i = 0; i < most && rest !== 0; i++) rest &= rest - 1;
  return bits ^ rest;
}
