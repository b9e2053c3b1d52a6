import { ByteBuffer } from "./byte-buffer.js";
import type { NativeType } from "./tables.js";

/** One column of a Native block while rows come in. */
export interface ColumnWriter<Value> {
  readonly type: NativeType;
  /** The type in which the values are sent, where it is a narrower one. */
  readonly sentType?: () => string;
  append(value: Value): void;
  /** The buffers that make the column's data, in order: offsets or null map first, then values. */
  readonly parts: readonly ByteBuffer[];
}

export function uint8(): ColumnWriter<number> {
  return simple("UInt8", (buffer, value) => buffer.uint8(value));
}

export function uint16(): ColumnWriter<number> {
  return simple("UInt16", (buffer, value) => buffer.uint16(value));
}

export function uint32(): ColumnWriter<number> {
  return simple("UInt32", (buffer, value) => buffer.uint32(value));
}

export function uint64(): ColumnWriter<number> {
  return simple("UInt64", (buffer, value) => buffer.uint64(value));
}

/** Unix time in microseconds. */
export function dateTime64(): ColumnWriter<number> {
  return simple("DateTime64(6)", (buffer, value) => buffer.uint64(value));
}

/** IPv6 is 16 bytes in network order, IPv4 a little-endian UInt32. */
const MAPPED_PREFIX_BYTES = 12;

/** 16 bytes in network order; sent as IPv4, which the engine maps, while all of them are mapped ones. */
export function ipv6(): ColumnWriter<Uint8Array> {
  const buffer = new ByteBuffer();
  let mapped = true;
  const widen = (): void => {
    const narrow = Buffer.from(buffer.view());
    buffer.clear();
    for (let at = 0; at < narrow.length; at += 4) {
      const address = new Uint8Array(16).fill(0xff, 10, MAPPED_PREFIX_BYTES);
      new DataView(address.buffer).setUint32(MAPPED_PREFIX_BYTES, narrow.readUInt32LE(at));
      buffer.bytes(address);
    }
  };
  return {
    type: "IPv6",
    sentType: () => (mapped ? "IPv4" : "IPv6"),
    parts: [buffer],
    append(value) {
      if (buffer.length === 0) mapped = true;
      if (mapped && !isMapped(value)) {
        widen();
        mapped = false;
      }
      if (!mapped) buffer.bytes(value);
      else
        buffer.uint32(
          ((byteAt(value, 12) << 24) | (byteAt(value, 13) << 16) | (byteAt(value, 14) << 8) | byteAt(value, 15)) >>> 0,
        );
    },
  };
}

function isMapped(address: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (address[at] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

export function string(): ColumnWriter<string | Uint8Array> {
  return simple("String", (buffer, value) => buffer.string(value));
}

export function nullableUint16(): ColumnWriter<number | null> {
  return nullable("Nullable(UInt16)", (buffer, value) => buffer.uint16(value ?? 0));
}

export function nullableUint32(): ColumnWriter<number | null> {
  return nullable("Nullable(UInt32)", (buffer, value) => buffer.uint32(value ?? 0));
}

export function nullableUint64(): ColumnWriter<bigint | null> {
  return nullable("Nullable(UInt64)", (buffer, value) => buffer.uint64(value ?? 0));
}

/** Cumulated element counts (UInt64), then all elements. */
export function stringArray(): ColumnWriter<readonly string[]> {
  const offsets = new ByteBuffer();
  const elements = new ByteBuffer();
  let count = 0;
  return {
    type: "Array(String)",
    parts: [offsets, elements],
    append(value) {
      count = (offsets.length === 0 ? 0 : count) + value.length;
      offsets.uint64(count);
      for (const element of value) {
        elements.string(element);
      }
    },
  };
}

function simple<Value>(type: NativeType, write: (buffer: ByteBuffer, value: Value) => void): ColumnWriter<Value> {
  const buffer = new ByteBuffer();
  return { type, parts: [buffer], append: (value) => write(buffer, value) };
}

/** Null map (1 = null), then values, with a zero where there is none. */
function nullable<Value>(
  type: NativeType,
  write: (buffer: ByteBuffer, value: Value | null) => void,
): ColumnWriter<Value | null> {
  const nulls = new ByteBuffer();
  const values = new ByteBuffer();
  return {
    type,
    parts: [nulls, values],
    append(value) {
      nulls.uint8(value === null ? 1 : 0);
      write(values, value);
    },
  };
}
