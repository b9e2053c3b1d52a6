/**
 * Columns of few different texts, LowCardinality(String) in ClickHouse's Native format: each text once, and a number a
 * row. All integers are little-endian.
 *
 *   UInt64  version, 1
 *   UInt64  flags: the lowest byte is the width of a number (0: one byte, 1: two), 0x200: texts follow, 0x400: they are
 *           the whole dictionary
 *   UInt64  how many texts; then these, as of a String column
 *   UInt64  how many rows; then the number of its text for each, from 0
 *
 * The engine reads such a column several times as fast as the same texts row by row, and it is a fifth of their size.
 */
import { ByteBuffer } from "./byte-buffer.js";
import type { ColumnWriter } from "./column.js";

const VERSION = 1;
const WHOLE_DICTIONARY = 0x600;
const WIDTH = { uint8: 0, uint16: 1 };

/** A column of texts; a batch has fewer rows than a number of two bytes can tell apart. */
export function words(): ColumnWriter<string> {
  const head = new ByteBuffer();
  const texts = new ByteBuffer();
  const rows = new ByteBuffer();
  const numbers = new ByteBuffer();
  const numberOf = new Map<string, number>();
  let last = "";
  let lastNumber = -1;

  const numberFor = (text: string): number => {
    const known = numberOf.get(text);
    if (known !== undefined) return known;
    const number = numberOf.size;
    numberOf.set(text, number);
    texts.string(text);
    writeHead(head, WIDTH.uint16, numberOf.size);
    return number;
  };
  writeHead(head, WIDTH.uint16, 0);
  rows.uint64(0);
  return {
    type: "LowCardinality(String)",
    parts: [head, texts, rows, numbers],
    append(text) {
      if (numbers.length === 0) {
        numberOf.clear();
        lastNumber = -1;
      }
      if (lastNumber < 0 || text !== last) {
        lastNumber = numberFor(text);
        last = text;
      }
      numbers.uint16(lastNumber);
      rows.clear();
      rows.uint64(numbers.length / 2);
    },
  };
}

/** The data of such a column, of whatever type, with the same value (its bytes in Native) in every row. */
export function constantValue(value: Uint8Array, rows: number): Uint8Array {
  const start = new ByteBuffer();
  writeHead(start, WIDTH.uint8, 1);
  start.bytes(value);
  start.uint64(rows);
  const data = Buffer.alloc(start.length + rows);
  data.set(start.view());
  return data;
}

function writeHead(head: ByteBuffer, width: number, texts: number): void {
  head.clear();
  head.uint64(VERSION);
  head.uint64(WHOLE_DICTIONARY | width);
  head.uint64(texts);
}
