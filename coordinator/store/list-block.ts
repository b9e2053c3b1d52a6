import { ByteBuffer } from "../../shared/batch/byte-buffer.js";
import { wordColumn } from "../../shared/batch/constants.js";
import type { TargetChunk } from "../campaign/store.js";

/** Rows of `target_lists` as the pieces of a ClickHouse Native block (layout: shared/batch/native.ts). */
export function listBlock(campaign: string, list: string, { indices, addresses, ports }: TargetChunk): Uint8Array[] {
  const rows = indices.length;
  const start = new ByteBuffer();
  start.varint(5);
  start.varint(rows);
  return [
    start.view(),
    ...wordColumn("campaign", campaign, rows),
    ...wordColumn("source", list, rows),
    header("index", "UInt64"),
    new Uint8Array(BigUint64Array.from(indices, BigInt).buffer),
    header("target", "IPv6"),
    addresses,
    header("port", "UInt16"),
    new Uint8Array(ports.buffer, ports.byteOffset, ports.byteLength),
  ];
}

function header(name: string, type: string): Uint8Array {
  const bytes = new ByteBuffer();
  bytes.string(name);
  bytes.string(type);
  return bytes.view();
}
