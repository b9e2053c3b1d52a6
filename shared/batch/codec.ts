import { createHash } from "node:crypto";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { DecodeError } from "../errors.js";
import { Batch } from "../generated/parallax/batch/v1/batch.js";
import { readCounts } from "./constants.js";
import { BATCH_SCHEMA_VERSION, type BatchTable, FACT_TABLES } from "./tables.js";

/** The message of one batch. */
export interface BatchMessage {
  /** UUID text; the same for every delivery of the same rows. */
  readonly batch: string;
  readonly campaign: string;
  readonly table: BatchTable;
  readonly rows: number;
  /** Native block of the rows, without the constant columns. */
  readonly block: Uint8Array;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function encodeBatch(message: BatchMessage): Uint8Array {
  const { block } = message;
  return Batch.encode({
    ...message,
    schema: BATCH_SCHEMA_VERSION,
    block: Buffer.from(block.buffer, block.byteOffset, block.length),
  }).finish();
}

/**
 * Checks everything but the block's columns, which the store checks against its table. Throws DecodeError for bytes
 * that are no batch, a field that is unknown or comes twice, an unknown table or row layout, or a count of rows that is
 * not the block's.
 */
export function decodeBatch(bytes: Uint8Array): BatchMessage {
  const { batch, campaign, table, schema, rows, block } = decodeFields(bytes);
  if (!UUID.test(batch)) {
    throw new DecodeError("a batch is named by a UUID in lower case");
  }
  if (schema < 1 || schema > BATCH_SCHEMA_VERSION) {
    throw new DecodeError(`batch ${batch} has row layout ${schema}; this version reads 1 to ${BATCH_SCHEMA_VERSION}`);
  }
  if (!isBatchTable(table)) {
    throw new DecodeError(`batch ${batch} is for an unknown table`);
  }
  if (campaign === "") {
    throw new DecodeError(`batch ${batch} names no campaign`);
  }
  if (rows < 1 || readCounts(block).rows !== rows) {
    throw new DecodeError(`batch ${batch} says it has ${rows} rows, its block says otherwise`);
  }
  return { batch, campaign, table, rows, block };
}

/** The id of a message that need not be readable otherwise (a later row layout, say); null where there is none. */
export function batchIdIn(bytes: Uint8Array): string | null {
  try {
    const { batch } = decodeFields(bytes);
    return UUID.test(batch) ? batch : null;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/**
 * The id of an agent's `sequence`-th batch since `boot`, a random name of the process's life: a UUID of version 8
 * (RFC 9562 section 5.8) from SHA-256, so that the same batch can never get two ids.
 */
export function batchId(agent: string, boot: string, sequence: number): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([agent, boot, sequence]))
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  return digest.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function decodeFields(bytes: Uint8Array): Batch {
  try {
    if (hasOwnFieldsOnce(bytes)) return Batch.decode(bytes);
  } catch (cause) {
    throw new DecodeError("not a batch message", { cause });
  }
  throw new DecodeError("not a batch message: a field is unknown or comes twice");
}

/** Fields of batch.proto are numbered from 1. */
const FIELDS = 6;

/** A message of 1 MiB has room for half a million empty fields, which kept the reader busy for a fifth of a second. */
function hasOwnFieldsOnce(bytes: Uint8Array): boolean {
  const reader = new BinaryReader(bytes);
  const seen = new Set<number>();
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field > FIELDS || seen.has(field)) return false;
    seen.add(field);
    reader.skip(wireType);
  }
  return true;
}

function isBatchTable(table: string): table is BatchTable {
  return table === "ledger" || Object.hasOwn(FACT_TABLES, table);
}
