import { createHash } from "node:crypto";
import fc from "fast-check";
import { decodeMeta, decodeRecord, encodeRecord } from "../../../agent/spool/record.js";
import { createAddressLines } from "../../../coordinator/hitlist/address-lines.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import { batchId, decodeBatch, encodeBatch } from "../../../shared/batch/codec.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import { DecodeError, UserError } from "../../../shared/errors.js";
import { packPrefixes, unpackPrefixes } from "../../../shared/optout/list.js";
import { parseBlocklistFile } from "../../../shared/target/blocklist-file.js";
import { synReplyRows, traceHopRows } from "../../shared/batch/rows.js";
import type { FuzzedDecoder } from "../decoder.js";

const MESSAGE_BYTES = 8_192;
const TEXT_BYTES = 1_024;
/** Of a spool record: lengths, then two checksums, then meta data and message. */
const RECORD_HEAD_BYTES = 80;

export const STORED_DECODERS: readonly FuzzedDecoder[] = [
  { name: "batch", seeds: batches(), maxBytes: MESSAGE_BYTES, refusal: DecodeError, decode: decodeBatch },
  {
    name: "spool-record",
    seeds: records(),
    maxBytes: MESSAGE_BYTES,
    refusal: DecodeError,
    decode(bytes) {
      const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      decodeMeta(file);
      return decodeRecord(file);
    },
    repair: repairRecord,
  },
  {
    name: "hitlist",
    seeds: texts("2001:2::1\n# a comment\n\n2001:db8:0:1:2:3:4:5 # why\r\n::ffff:1:2\n2001:2::198.18.0.1"),
    maxBytes: TEXT_BYTES,
    refusal: UserError,
    decode(bytes) {
      const lines = createAddressLines("hitlist.txt", () => undefined);
      const half = bytes.length >>> 1;
      lines.push(bytes.subarray(0, half));
      lines.push(bytes.subarray(half));
      lines.end();
    },
  },
  {
    name: "blocklist",
    seeds: texts("198.18.0.0/15 # lab\n# a comment\n\n2001:2::/48\r\n192.0.2.1\n2001:db8::1 # asked to"),
    maxBytes: TEXT_BYTES,
    refusal: UserError,
    decode: (bytes) => parseBlocklistFile(Buffer.from(bytes).toString("utf8"), "blocklist.txt"),
  },
  {
    name: "opt-outs",
    seeds: [packPrefixes(["198.18.0.0/15", "2001:2::/48", "192.0.2.1/32", "::/0"].map(parsePrefix))],
    maxBytes: TEXT_BYTES,
    refusal: DecodeError,
    decode: unpackPrefixes,
  },
];

function batches(): Uint8Array[] {
  return fc.sample(traceHopRows, { numRuns: 4, seed: 1 }).map((hop, i) => {
    const encoder = createBatchEncoder("trace_hops");
    encoder.append(hop);
    return encodeBatch({
      batch: batchId("a1", "boot", i),
      campaign: "weekly-1",
      table: "trace_hops",
      rows: 1,
      block: encoder.finish(),
    });
  });
}

function records(): Uint8Array[] {
  return fc.sample(synReplyRows, { numRuns: 4, seed: 1 }).map((reply, i) => {
    const encoder = createBatchEncoder("syn_replies");
    encoder.append(reply);
    const meta = {
      batch: batchId("a1", "boot", i),
      campaign: "weekly-1",
      table: "syn_replies",
      rows: 1,
      leases: [{ lease: "synscan/v4/80/7", epoch: 1_700_000_000 + i }],
    };
    return encodeRecord(meta, encoder.finish());
  });
}

function repairRecord(bytes: Uint8Array): void {
  if (bytes.length < RECORD_HEAD_BYTES) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const metaEnd = Math.min(bytes.length, RECORD_HEAD_BYTES + view.getUint32(8, true));
  view.setUint32(12, bytes.length - metaEnd, true);
  bytes.set(sha256(bytes.subarray(RECORD_HEAD_BYTES, metaEnd)), 16);
  bytes.set(sha256(bytes.subarray(metaEnd)), 48);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function texts(text: string): Uint8Array[] {
  return [text, ...text.split("\n")].map((part) => new TextEncoder().encode(part));
}
