import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { COLUMNS } from "../../../shared/batch/columns.js";
import { prependConstants } from "../../../shared/batch/constants.js";
import { words } from "../../../shared/batch/dictionary.js";
import { createBatchEncoder, MAX_BATCH_ROWS } from "../../../shared/batch/native.js";
import type { SynReplyRow } from "../../../shared/batch/rows.js";
import { FACT_TABLES, type FactTable } from "../../../shared/batch/tables.js";
import { DecodeError } from "../../../shared/errors.js";
import { synReplyRows, traceHopRows } from "./rows.js";

const row: SynReplyRow = {
  table: "syn_replies",
  source: "synscan/v4/80",
  index: 7,
  target: new Uint8Array(16),
  port: 80,
  variant: "v1",
  verdict: "claims-v1",
  receivedAtUs: 1_700_000_000_000_000,
  rttUs: null,
  responder: new Uint8Array(16),
  ttl: 64,
  tcpFlags: 0x12,
  window: 65_535,
  receiverKey: null,
  options: new Uint8Array(40),
  icmpType: 0,
  icmpCode: 0,
  quote: new Uint8Array(0),
};

const constants = { campaign: "c", vantage: "fra", agent: "a1", batch: "00112233-4455-8677-8899-aabbccddeeff" };

test.each(Object.keys(FACT_TABLES) as FactTable[])("%s has the columns of its table, in order", (table) => {
  expect(COLUMNS[table]().map(({ name, type }) => ({ name, type }))).toEqual(FACT_TABLES[table]);
});

test("the size that is told is the size of the block", () => {
  fc.assert(
    fc.property(fc.array(synReplyRows, { maxLength: 5 }), fc.array(traceHopRows, { maxLength: 5 }), (replies, hops) => {
      const encoders = [createBatchEncoder("syn_replies"), createBatchEncoder("trace_hops")] as const;
      for (const reply of replies) encoders[0].append(reply);
      for (const hop of hops) encoders[1].append(hop);
      for (const encoder of encoders) {
        const told = encoder.bytes;
        expect(encoder.finish().length).toBe(told);
      }
    }),
  );
});

test("a finished encoder begins again, and what it gave away stays as it was", () => {
  const encoder = createBatchEncoder("trace_hops");
  const [first, second] = fc.sample(fc.array(traceHopRows, { minLength: 3, maxLength: 3 }), { numRuns: 2, seed: 1 });
  const write = (rows: typeof first): Uint8Array => {
    for (const hop of rows ?? []) encoder.append(hop);
    return encoder.finish();
  };
  const block = write(first);
  const copy = Buffer.from(block);
  const other = write(second);
  expect(Buffer.compare(block, copy)).toBe(0);
  expect(Buffer.compare(other, copy)).not.toBe(0);
  expect(Buffer.compare(write(first), copy)).toBe(0);
  expect(encoder.rows).toBe(0);
});

test("a batch is full at 16,384 rows", () => {
  const encoder = createBatchEncoder("syn_replies");
  const small = { ...row, source: "s", options: new Uint8Array(0), verdict: "rst" as const };
  for (let i = 1; i < MAX_BATCH_ROWS; i++) encoder.append({ ...small, target: row.target });
  expect(encoder.bytes).toBeGreaterThan(0);
  const before = encoder.full;
  encoder.append(small);
  expect([encoder.rows, encoder.full]).toEqual([16_384, true]);
  expect(before).toBe(encoder.bytes >= 960_000);
});

test("a batch is full before a message of 1 MiB could not hold one more row of the largest kind", () => {
  const encoder = createBatchEncoder("syn_replies");
  while (!encoder.full) encoder.append({ ...row, quote: new Uint8Array(1280) });
  encoder.append({ ...row, quote: new Uint8Array(65_535) });
  expect(encoder.finish().length).toBeLessThan(1_048_576 - 10_000);
});

test("constant columns are put in front without a touch to the rest", () => {
  const encoder = createBatchEncoder("syn_replies");
  for (let i = 0; i < 200; i++) encoder.append(row);
  const block = encoder.finish();
  const whole = Buffer.concat(prependConstants(block, constants));
  // 23 columns, 200 rows in two bytes; "campaign", a dictionary of "c" alone, and 200 times the number of that.
  const integer = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
  const start = Buffer.concat([
    Buffer.from("\x17\xc8\x01\x08campaign\x16LowCardinality(String)", "latin1"),
    ...[integer(1), integer(0x600), integer(1), Buffer.from("\x01c"), integer(200), Buffer.alloc(200)],
  ]);
  expect(whole.subarray(0, start.length)).toEqual(start);
  const uuid = Buffer.from("7786554433221100ffeeddccbbaa9988", "hex");
  const batch = whole.indexOf(Buffer.from("\x05batch\x14LowCardinality(UUID)", "latin1")) + 27;
  expect(whole.subarray(batch + 24, batch + 40)).toEqual(uuid);
  expect(whole.subarray(batch + 48 + 200)).toEqual(Buffer.from(block.subarray(3)));
});

test("blocks with unreadable or impossible counts are refused", () => {
  for (const bytes of [[], [19], [19, 0x80], [19, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [19, 0x81, 0x80, 0x01]]) {
    expect(() => prependConstants(Uint8Array.from(bytes), constants)).toThrow(DecodeError);
  }
  const block = createBatchEncoder("syn_replies").finish();
  expect(() => prependConstants(block, { ...constants, batch: "1234" })).toThrow(DecodeError);
});

test("a column of words has each of them once, in the order in which they came first", () => {
  const column = words();
  for (const text of ["b", "b", "a", "b", ""]) column.append(text);
  const integer = (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
  const numbers = Buffer.from(Uint16Array.of(0, 0, 1, 0, 2).buffer);
  expect(Buffer.concat(column.parts.map((part) => part.view()))).toEqual(
    Buffer.concat([integer(1), integer(0x601), integer(3), Buffer.from("\x01b\x01a\x00"), integer(5), numbers]),
  );
});

test("addresses are sent as IPv4 until the first that is none", () => {
  const [target] = COLUMNS.syn_replies().filter(({ name }) => name === "target");
  const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 18, 0, 7]);
  const other = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const data = () => Buffer.concat((target?.parts ?? []).map((part) => part.view())).toString("hex");
  target?.append({ ...row, target: mapped }, 0);
  expect([target?.sentType(), data()]).toEqual(["IPv4", "070012c6"]);
  target?.append({ ...row, target: other }, 1);
  target?.append({ ...row, target: mapped }, 2);
  const wide = [mapped, other, mapped].map((address) => Buffer.from(address).toString("hex")).join("");
  expect([target?.sentType(), data()]).toEqual(["IPv6", wide]);
});
