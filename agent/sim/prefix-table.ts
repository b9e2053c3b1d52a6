import { addressFamily } from "../../shared/address/address.js";
import type { Prefix } from "../../shared/address/prefix.js";

/** Looks up the longest prefix that an address lies in. */
export interface PrefixTable<T> {
  find(address: Uint8Array): T | undefined;
}

/** All prefixes of one length, by their bits. */
interface Level<T> {
  readonly bits: number;
  readonly entries: Map<string, T>;
}

/** Of two entries with the same prefix the later one counts. */
export function createPrefixTable<T>(entries: Iterable<readonly [Prefix, T]>): PrefixTable<T> {
  const levels: Record<4 | 6, Level<T>[]> = { 4: [], 6: [] };
  const masked = new Uint8Array(16);
  const keyOf = (address: Uint8Array, bits: number): string => {
    masked.set(address);
    masked.fill(0, Math.ceil(bits / 8));
    if (bits % 8 > 0) masked[bits >>> 3] = (masked[bits >>> 3] ?? 0) & (0xff00 >>> (bits % 8));
    return Buffer.from(masked.buffer).toString("latin1");
  };
  for (const [{ address, length, family }, value] of entries) {
    const bits = family === 4 ? length + 96 : length;
    let level = levels[family].find((one) => one.bits === bits);
    if (level === undefined) {
      level = { bits, entries: new Map() };
      levels[family].push(level);
    }
    level.entries.set(keyOf(address, bits), value);
  }
  for (const family of [4, 6] as const) levels[family].sort((a, b) => b.bits - a.bits);
  return {
    find(address) {
      for (const { bits, entries: known } of levels[addressFamily(address)]) {
        const value = known.get(keyOf(address, bits));
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}
