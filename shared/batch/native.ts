/**
 * ClickHouse Native blocks, as `FORMAT Native` reads them (protocol revision 0):
 *
 *   varint columns, varint rows, then for each column: name (string), type (string), data
 *
 * string = varint length + bytes; varint = unsigned LEB128. Data of the types in tables.ts:
 *   UIntN, DateTime64(6)  little-endian values, DateTime64 as microseconds in 64 bits
 *   IPv6                  16 bytes each, network order; or IPv4, little-endian UInt32, where all are mapped ones
 *   String                strings
 *   LowCardinality(String)  see dictionary.ts
 *   Nullable(T)           one byte a row (1 = null), then T, with any value where null
 *   Array(String)         UInt64 a row, the number of elements up to and with this row; then all elements as strings
 */
import { ByteBuffer } from "./byte-buffer.js";
import { COLUMNS, type RowOf } from "./columns.js";
import type { FactTable } from "./tables.js";

export const MAX_BATCH_ROWS = 16_384;

/**
 * At this size a block is full. The rest up to a broker's usual message limit of 1 MiB holds one more row with the
 * longest quote that IP allows, and the message's other fields.
 */
const FULL_BYTES = 960_000;

/** Collects rows of one table into a Native block. */
export interface BatchEncoder<Table extends FactTable> {
  append(row: RowOf<Table>): void;
  readonly rows: number;
  /** Bytes the block would have now. */
  readonly bytes: number;
  /** True when the batch must be finished before another row. */
  readonly full: boolean;
  /** The whole block; the encoder is empty afterwards and keeps its buffers for the next batch. */
  finish(): Uint8Array;
}

export function createBatchEncoder<Table extends FactTable>(table: Table): BatchEncoder<Table> {
  const columns = COLUMNS[table]();
  const headers = (): Uint8Array[] =>
    columns.map((column) => {
      const header = new ByteBuffer();
      header.string(column.name);
      header.string(column.sentType());
      return header.view();
    });
  const buffers = columns.flatMap((column) => column.parts);
  // Names of types are of one length where there is a choice.
  const headerBytes = headers().reduce((sum, header) => sum + header.length, 0);
  let rows = 0;

  const bytes = (): number => {
    let sum = headerBytes + 1 + varintLength(rows);
    for (const buffer of buffers) {
      sum += buffer.length;
    }
    return sum;
  };
  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes();
    },
    get full() {
      return rows >= MAX_BATCH_ROWS || bytes() >= FULL_BYTES;
    },
    append(row) {
      for (const column of columns) {
        column.append(row, rows);
      }
      rows++;
    },
    finish() {
      const heads = headers();
      const start = new ByteBuffer();
      start.varint(columns.length);
      start.varint(rows);
      const block = Buffer.concat([
        start.view(),
        ...columns.flatMap((column, i) => [
          heads[i] ?? new Uint8Array(),
          ...column.parts.map((buffer) => buffer.view()),
        ]),
      ]);
      for (const buffer of buffers) {
        buffer.clear();
      }
      rows = 0;
      return block;
    },
  };
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest >>>= 7) {
    length++;
  }
  return length;
}
