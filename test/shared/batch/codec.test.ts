import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { batchId, decodeBatch, encodeBatch } from "../../../shared/batch/codec.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import { DecodeError } from "../../../shared/errors.js";
import { Batch } from "../../../shared/generated/parallax/batch/v1/batch.js";
import { traceHopRows } from "./rows.js";

function message() {
  const encoder = createBatchEncoder("trace_hops");
  for (const hop of fc.sample(traceHopRows, { numRuns: 3, seed: 5 })) encoder.append(hop);
  const block = encoder.finish();
  return { batch: batchId("a1", "boot", 1), campaign: "weekly-1", table: "trace_hops", rows: 3, block } as const;
}

test("a batch survives the wire", () => {
  const decoded = decodeBatch(encodeBatch(message()));
  expect({ ...decoded, block: Buffer.from(decoded.block) }).toEqual({
    ...message(),
    block: Buffer.from(message().block),
  });
});

test.each([
  ["an unknown table", { table: "system.users" }],
  ["a table that every object has a member of", { table: "constructor" }],
  ["no batch id", { batch: "" }],
  ["a batch id that is no UUID", { batch: "1' OR '1" }],
  ["no campaign", { campaign: "" }],
  ["a later layout of rows", { schema: 5 }],
  ["no layout of rows", { schema: 0 }],
  ["another number of rows than the block", { rows: 4 }],
  ["no rows", { rows: 0, block: createBatchEncoder("trace_hops").finish() }],
])("%s is refused", (_, change) => {
  const fields = { ...message(), schema: 4, ...change };
  const bytes = Batch.encode({ ...fields, block: Buffer.from(fields.block) }).finish();
  expect(() => decodeBatch(bytes)).toThrow(DecodeError);
});

test.each([
  ["a field that no batch has", "3a00"],
  ["a field for the second time", "1203616263"],
])("%s is refused", (_, field) => {
  const bytes = Buffer.concat([encodeBatch(message()), Buffer.from(field, "hex")]);
  expect(() => decodeBatch(bytes)).toThrow(DecodeError);
});

test("a batch of an older layout of rows is read: its block lacks columns that the store fills", () => {
  const { block, ...fields } = message();
  const bytes = Batch.encode({ ...fields, schema: 1, block: Buffer.from(block) }).finish();
  expect(decodeBatch(bytes)).toMatchObject({ table: "trace_hops", rows: 3 });
});

test("a message full of empty fields is refused at the second of them", () => {
  const empty = Buffer.alloc(1_048_576, Buffer.from("0a00", "hex"));
  // The least of several, as the machine may have other work; to read all fields takes 50 ms and more.
  const tookMs = Array.from({ length: 10 }, () => {
    const beganMs = performance.now();
    expect(() => decodeBatch(empty)).toThrow(DecodeError);
    return performance.now() - beganMs;
  });
  expect(Math.min(...tookMs)).toBeLessThan(10);
});

test("no bytes bring anything but a DecodeError", () => {
  const whole = encodeBatch(message());
  const edited = fc
    .tuple(fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }), fc.nat(whole.length))
    .map(([edits, length]) => {
      const bytes = whole.slice(0, length);
      for (const [at, value] of edits) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(edited, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      try {
        decodeBatch(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 3000 },
  );
});

test("a batch id is a UUID of version 8 from SHA-256, the same for the same batch only", () => {
  const id = batchId("a1", "boot", 1);
  const digest = createHash("sha256").update('["a1","boot",1]').digest("hex");
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(id.slice(0, 13)).toBe(`${digest.slice(0, 8)}-${digest.slice(8, 12)}`);
  expect(id.slice(-12)).toBe(digest.slice(20, 32));
  expect(batchId("a1", "boot", 1)).toBe(id);
  const others = [batchId("a1", "boot", 2), batchId("a1", "boot2", 1), batchId("a", "1boot", 1)];
  expect(new Set([id, ...others]).size).toBe(4);
});
