/** Big-endian fields of a packet that is being written. */

/** Writes the low 16 bits of `value`. */
export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes the low 32 bits of `value`. */
export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value);
}

/** Writes the low 64 bits of `value`. */
export function put64(bytes: Uint8Array, at: number, value: bigint): void {
  put32(bytes, at, Number((value >> 32n) & 0xffffffffn));
  put32(bytes, at + 4, Number(value & 0xffffffffn));
}
