import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeMeta, decodeRecord, encodeRecord, type SpoolMeta } from "../../../agent/spool/record.js";
import { DecodeError } from "../../../shared/errors.js";

const number = fc.maxSafeInteger().map(Math.abs);
const metas: fc.Arbitrary<SpoolMeta> = fc.record({
  batch: fc.uuid(),
  campaign: fc.string({ unit: "grapheme" }),
  table: fc.string(),
  rows: number,
  leases: fc.array(fc.record({ lease: fc.string(), epoch: number }), { maxLength: 4 }),
});

test("what is written is read as it was", () => {
  fc.assert(
    fc.property(metas, fc.uint8Array({ maxLength: 2_000 }), (meta, message) => {
      const record = Buffer.from(encodeRecord(meta, message));
      const read = decodeRecord(record);
      expect(read.meta).toEqual(meta);
      expect(Uint8Array.from(read.message)).toEqual(message);
      expect(decodeMeta(record)).toEqual(meta);
    }),
    { numRuns: 1_000 },
  );
});

/** A record whose checksums are right, whatever its meta data are. */
function recordWith(meta: string): Buffer {
  const bytes = Buffer.from(meta);
  const header = Buffer.alloc(80);
  header.write("PLXSPL01");
  header.writeUInt32LE(bytes.length, 8);
  createHash("sha256").update(bytes).digest().copy(header, 16);
  createHash("sha256").update("").digest().copy(header, 48);
  return Buffer.concat([header, bytes]);
}

const whole = { batch: "b", campaign: "c", table: "t", rows: 1, leases: [{ lease: "l", epoch: 1 }] };

test("meta data that another program might have written are read with what this one knows of them", () => {
  expect(decodeMeta(recordWith(JSON.stringify({ ...whole, later: true })))).toEqual(whole);
});

test.each([
  ["that are no JSON", "{m"],
  ["that are no object", "7"],
  ["without leases", JSON.stringify({ ...whole, leases: undefined })],
  ["with a lease that has no epoch", JSON.stringify({ ...whole, leases: [{ lease: "l" }] })],
  ["with half a row", JSON.stringify({ ...whole, rows: 0.5 })],
])("meta data %s are refused with a DecodeError, though their checksum is right", (_what, meta) => {
  expect(() => decodeMeta(recordWith(meta))).toThrow(DecodeError);
  expect(() => decodeRecord(recordWith(meta))).toThrow(DecodeError);
});
