import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Ledger, type MadeBatch, openLedger, readLedgers } from "../../../agent/ledger/ledger.js";

let folder = "";
let problems: string[] = [];
let names = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parallax-ledger-"));
  problems = [];
});
afterEach(() => rm(folder, { recursive: true }));

const name = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

function open(maxBytes?: number): Promise<Ledger> {
  return openLedger({
    folder,
    uuid: () => name(++names),
    report: (problem) => problems.push(problem),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

function made(n: number, campaign = "weekly-1"): MadeBatch {
  return {
    ...{ batch: name(n), campaign, table: "syn_replies", rows: n, sha256: "ab".repeat(32) },
    leases: [`l${n}@3`],
    madeAtMs: 1_700_000_000_000 + n,
  };
}

const batches = async (campaign = "weekly-1") =>
  (await readLedgers(folder, campaign)).flatMap(({ lines }) => lines.map(({ line, batch }) => [line, batch]));
const file = async () => join(folder, (await readdir(folder)).find((one) => one.endsWith(".ledger")) ?? "none");

test("lines have numbers without gaps, over restarts, under one name", async () => {
  const before = await open();
  await Promise.all([before.record(made(1)), before.record(made(2))]);
  await (await open()).record(made(3));
  expect(await batches()).toEqual([
    [0, name(1)],
    [1, name(2)],
    [2, name(3)],
  ]);
  expect(await readLedgers(folder)).toHaveLength(1);
});

test("a batch that an earlier life left in the spool with its line gets no second one", async () => {
  await (await open()).record(made(1));
  await (await open()).record(made(1));
  expect(await batches()).toEqual([[0, name(1)]]);
});

test.each([1, 7, 60])("a line of which the last %i bytes were cut off is no line, and is written over", async (cut) => {
  const before = await open();
  await before.record(made(1));
  await before.record(made(2));
  await truncate(await file(), (await readFile(await file())).length - cut);
  const after = await open();
  expect(await batches()).toEqual([[0, name(1)]]);
  await after.record(made(3));
  expect(await batches()).toEqual([
    [0, name(1)],
    [1, name(3)],
  ]);
});

test("garbage behind the last line, as a full disk leaves it, is written over", async () => {
  const ledger = await open();
  await ledger.record(made(1));
  await appendFile(await file(), "0badc0de {");
  await ledger.record(made(2));
  expect((await batches()).map(([line]) => line)).toEqual([0, 1]);
});

test("a damaged line is told, and its number stays missing", async () => {
  const before = await open();
  for (const n of [1, 2, 3]) await before.record(made(n));
  const content = await readFile(await file(), "utf8");
  await writeFile(await file(), content.replace(name(2), name(7)));
  const after = await open();
  expect(problems.join()).toContain("1 lines of");
  await after.record(made(4));
  expect((await batches()).map(([line]) => line)).toEqual([0, 2, 3]);
});

test("lines are to be sent until they were, also by a later life", async () => {
  const before = await open();
  for (const n of [1, 2, 3]) await before.record(made(n));
  await before.record(made(4, "other"));
  expect(before.unsent(2).map(({ campaign, lines }) => [campaign, lines.length])).toEqual([
    ["weekly-1", 2],
    ["other", 1],
  ]);
  await before.sent("weekly-1", 2);
  const after = await open();
  expect(
    after
      .unsent(9)
      .find(({ campaign }) => campaign === "weekly-1")
      ?.lines.map(({ line }) => line),
  ).toEqual([2]);
});

test("the oldest campaigns that were sent make room for others, those that were not stay", async () => {
  const before = await open();
  for (const n of [1, 2, 3]) await before.record(made(n, `c${n}`));
  await before.sent("c2", 1);
  await before.sent("c3", 1);
  await open(600);
  expect((await readLedgers(folder)).map(({ campaign }) => campaign)).toEqual(["c1", "c3"]);
});

test("a campaign's name cannot lead out of the folder", async () => {
  await (await open()).record(made(1, "../../etc/passwd"));
  expect(await batches("../../etc/passwd")).toHaveLength(1);
});
