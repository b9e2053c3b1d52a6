import { DecodeError } from "../errors.js";
import { ByteBuffer } from "./byte-buffer.js";
import { constantValue } from "./dictionary.js";
import { MAX_BATCH_ROWS } from "./native.js";

/** What ingest adds to every row of a batch: from the authenticated subject, and the batch's id. */
export interface BatchConstants {
  readonly campaign: string;
  readonly vantage: string;
  readonly agent: string;
  /** UUID text. */
  readonly batch: string;
}

/**
 * The Native block (layout: native.ts) with four more columns in front: campaign, vantage and agent
 * (LowCardinality(String)) and batch (LowCardinality(UUID): two little-endian UInt64, the more significant first), the same in every row. Rows are not parsed, and
 * not copied: the result is the pieces of the whole block, in order. Throws
 * DecodeError when the block does not begin with its two counts or has more rows than a batch may have.
 */
export function prependConstants(block: Uint8Array, constants: BatchConstants): Uint8Array[] {
  const { columns, rows, end } = readCounts(block);
  const start = new ByteBuffer();
  start.varint(columns + 4);
  start.varint(rows);
  return [
    start.view(),
    ...wordColumn("campaign", constants.campaign, rows),
    ...wordColumn("vantage", constants.vantage, rows),
    ...wordColumn("agent", constants.agent, rows),
    ...uuidColumn("batch", constants.batch, rows),
    block.subarray(end),
  ];
}

/** The numbers of columns and rows that a Native block begins with, and where its first column starts. */
export function readCounts(block: Uint8Array): { columns: number; rows: number; end: number } {
  const columns = readVarint(block, 0);
  const rows = readVarint(block, columns.end);
  if (rows.value > MAX_BATCH_ROWS) {
    throw new DecodeError(`a block of ${rows.value} rows; a batch has ${MAX_BATCH_ROWS} at the most`);
  }
  return { columns: columns.value, rows: rows.value, end: rows.end };
}

/** A column of type LowCardinality(String) with the same text in every row, in pieces. */
export function wordColumn(name: string, text: string, rows: number): Uint8Array[] {
  return [stringBytes(name), stringBytes("LowCardinality(String)"), constantValue(stringBytes(text), rows)];
}

function uuidColumn(name: string, uuid: string, rows: number): Uint8Array[] {
  return [stringBytes(name), stringBytes("LowCardinality(UUID)"), constantValue(uuidBytes(uuid), rows)];
}

/** A text as a value of a String column. */
export function stringBytes(value: string): Uint8Array {
  const bytes = new ByteBuffer();
  bytes.string(value);
  return bytes.view();
}

function uuidBytes(text: string): Buffer {
  const hex = text.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/i.test(hex)) {
    throw new DecodeError(`not a UUID: ${text}`);
  }
  const bytes = Buffer.from(hex, "hex");
  bytes.subarray(0, 8).reverse();
  bytes.subarray(8, 16).reverse();
  return bytes;
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) {
      break;
    }
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      return { value, end: start + i + 1 };
    }
  }
  throw new DecodeError("a Native block begins with the numbers of its columns and rows");
}
