import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { SpoolMeta } from "../../../agent/spool/record.js";
import { openSpool, type Spool, SpoolFull } from "../../../agent/spool/spool.js";

let folder = "";
let problems: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parallax-spool-"));
  problems = [];
});
afterEach(() => rm(folder, { recursive: true }));

function open(maxBytes = 1_000_000): Promise<Spool> {
  return openSpool({ folder, maxBytes, report: (problem) => problems.push(problem) });
}

function meta(n: number): SpoolMeta {
  const batch = `00000000-0000-8000-8000-${String(n).padStart(12, "0")}`;
  return { batch, campaign: "weekly-1", table: "syn_replies", rows: n, leases: [{ lease: `l${n}`, epoch: 3 }] };
}

const message = (n: number, length = 100): Uint8Array => new Uint8Array(length).fill(n);

async function batchFiles(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name !== "bad").sort();
}

test("batches come back after a restart, in their order, with what was known of them", async () => {
  const before = await open();
  await Promise.all([before.append(meta(3), message(3)), before.append(meta(1), message(1))]);
  await before.append(meta(2), message(2));

  const after = await open();
  expect(after.list()).toEqual([meta(3), meta(1), meta(2)]);
  expect(await after.read(meta(1).batch)).toEqual(Buffer.from(message(1)));
  expect(after.bytes).toBe(before.bytes);
  expect(problems).toEqual([]);
});

test("a new batch never takes the place of one from before the restart", async () => {
  const before = await open();
  for (const n of [1, 2]) await before.append(meta(n), message(n));
  await before.remove(meta(1).batch);
  const after = await open();
  await after.append(meta(3), message(3));
  expect((await open()).list()).toEqual([meta(2), meta(3)]);
});

test("a removed batch is gone for good, and removing it again is no error", async () => {
  const spool = await open();
  await spool.append(meta(1), message(1));
  await spool.remove(meta(1).batch);
  await spool.remove(meta(1).batch);
  expect(spool.bytes).toBe(0);
  expect(await spool.read(meta(1).batch)).toBeNull();
  expect((await open()).list()).toEqual([]);
});

test("a batch that does not fit is refused, and room that is made is used", async () => {
  const spool = await open(1000);
  await spool.append(meta(1), message(1, 600));
  await expect(spool.append(meta(2), message(2, 600))).rejects.toThrow(SpoolFull);
  expect(await batchFiles()).toHaveLength(1);
  expect(spool.list()).toEqual([meta(1)]);
  await spool.remove(meta(1).batch);
  await spool.append(meta(2), message(2, 600));
  expect(spool.list()).toEqual([meta(2)]);
});

test("appends that wait for each other share the room", async () => {
  const spool = await open(1000);
  const results = await Promise.allSettled([1, 2, 3].map((n) => spool.append(meta(n), message(n, 600))));
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "rejected"]);
});

test("files that were being written when the process died are dropped", async () => {
  await writeFile(join(folder, "000000000009-x.batch.tmp"), "half");
  const spool = await open();
  expect(spool.list()).toEqual([]);
  expect(await batchFiles()).toEqual([]);
  expect(problems).toEqual([]);
});

test.each([
  ["cut short", (path: string) => truncate(path, 200)],
  ["cut within the header", (path: string) => truncate(path, 40)],
  ["empty", (path: string) => truncate(path, 0)],
  ["too long", (path: string) => appendFile(path, "x")],
  ["altered in the message", (path: string) => flip(path, -1)],
  ["altered in the meta data", (path: string) => flip(path, 85)],
  ["altered in the length of the meta data", (path: string) => flip(path, 11)],
])("a file that is %s is set aside, counted and reported; the others stay", async (_, damage) => {
  const before = await open();
  await before.append(meta(1), message(1));
  await before.append(meta(2), message(2));
  const [file = ""] = await batchFiles();
  await damage(join(folder, file));

  const after = await open();
  expect(after.list()).toEqual([meta(2)]);
  expect(await readdir(join(folder, "bad"))).toEqual([file]);
  expect(after.damaged.map((batch) => batch.file)).toEqual([file]);
  expect(problems).toHaveLength(1);
});

test("a damaged message still tells whose rows are lost", async () => {
  const before = await open();
  await before.append(meta(1), message(1));
  const [file = ""] = await batchFiles();
  await flip(join(folder, file), -1);
  expect((await open()).damaged).toEqual([{ file, meta: meta(1) }]);
});

test("damage that happens while the spool is open is found when the batch is read", async () => {
  const spool = await open();
  await spool.append(meta(1), message(1));
  const [file = ""] = await batchFiles();
  await flip(join(folder, file), -1);
  expect(await spool.read(meta(1).batch)).toBeNull();
  expect(spool.damaged).toEqual([{ file, meta: meta(1) }]);
  expect(spool.list()).toEqual([]);
  expect(spool.bytes).toBe(0);
});

/** Turns a bit of the byte at `at`, counted from the end if negative. */
async function flip(path: string, at: number): Promise<void> {
  const content = await readFile(path);
  const index = at < 0 ? content.length + at : at;
  content[index] = (content[index] ?? 0) ^ 0x10;
  await writeFile(path, content);
}
