import { ADDRESS_BYTES } from "./address-list.js";

/** Most addresses in one partition: hash and number of an address fit into a double's 53 bits together. */
const MOST = 2 ** 21;

/** A 32-bit hash of 16 bytes (MurmurHash3's mixing); equal addresses have the same. */
export function hashAddress(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let i = at; i < at + ADDRESS_BYTES; i += 4) {
    const word =
      (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24);
    const mixed = Math.imul(word, 0xcc9e2d51);
    hash ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Places (byte offsets) of the distinct addresses among those in `bytes`, 16 bytes each, ordered by their hash. Sorting
 * hashes as numbers takes 100 ns an address, a Map of strings 1,500 and ten times the memory. Throws RangeError for more
 * than 2^21 addresses.
 */
export function* distinctAddresses(bytes: Uint8Array): Generator<number> {
  const count = bytes.length / ADDRESS_BYTES;
  if (count > MOST) {
    throw new RangeError(`${count} addresses in a partition, ${MOST} at the most`);
  }
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = hashAddress(bytes, i * ADDRESS_BYTES) * MOST + i;
  keys.sort();
  /** Places of the distinct addresses that share the present hash; nearly always one. */
  const same: number[] = [];
  let hash = -1;
  for (let i = 0; i < count; i++) {
    const key = keys[i] ?? 0;
    const keyHash = Math.floor(key / MOST);
    const place = (key - keyHash * MOST) * ADDRESS_BYTES;
    if (keyHash !== hash) {
      hash = keyHash;
      same.length = 0;
    }
    if (!isAmong(bytes, same, place)) {
      same.push(place);
      yield place;
    }
  }
}

function isAmong(bytes: Uint8Array, places: readonly number[], place: number): boolean {
  for (const other of places) {
    if (isSame(bytes, other, place)) return true;
  }
  return false;
}

function isSame(bytes: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < ADDRESS_BYTES; i++) {
    if (bytes[a + i] !== bytes[b + i]) return false;
  }
  return true;
}
