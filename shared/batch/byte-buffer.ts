const INITIAL_BYTES = 4096;

/** Bytes appended one after the other, little-endian; grows by doubling and keeps its memory when cleared. */
export class ByteBuffer {
  length = 0;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);

  clear(): void {
    this.length = 0;
  }

  /** What was appended, until the next append or clear. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  uint8(value: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  uint16(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  /** A number must be an integer from 0 to 2^53. */
  uint64(value: number | bigint): void {
    const at = this.#grow(8);
    if (typeof value === "bigint") {
      this.#view.setBigUint64(at, value, true);
      return;
    }
    this.#view.setUint32(at, value, true); // takes the value modulo 2^32
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  /** LEB128, unsigned, below 2^32. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.uint8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.uint8(rest);
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  /** Length as varint, then the bytes; text as UTF-8. */
  string(value: string | Uint8Array): void {
    if (typeof value === "string" && this.#shortAscii(value)) {
      return;
    }
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  /** Nearly all text in rows is a word or two: a loop is several times faster than an encoder and its temporary. */
  #shortAscii(value: string): boolean {
    if (value.length >= 0x80) {
      return false;
    }
    const at = this.#grow(value.length + 1);
    const bytes = this.#bytes;
    bytes[at] = value.length;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.length = at;
        return false;
      }
      bytes[at + 1 + i] = code;
    }
    return true;
  }

  /** Makes room at the end and returns where it begins. Call it before touching the buffers: it may replace them. */
  #grow(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.length, 2 * this.#bytes.length));
      bytes.set(this.#bytes);
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    return at;
  }
}
