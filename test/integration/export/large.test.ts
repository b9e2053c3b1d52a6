import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { type ExportSystem, startExportSystem } from "./export-system.js";

jest.setTimeout(240_000);

const FEW = 25_000;
const MANY = 400_000;

let system: ExportSystem;
beforeAll(async () => {
  system = await startExportSystem();
  for (const [campaign, rows] of [
    ["few", FEW],
    ["many", MANY],
  ] as const) {
    await system.warehouse.store.command(`
      INSERT INTO syn_replies SELECT '${campaign}', if(number % 2 = 0, 'fra', 'sin'), 'one', toUUID('00000000-0000-8000-8000-000000000001'),
        number, 'synscan/v4/80', intDiv(number, 2), IPv4ToIPv6(toIPv4(toUInt32(3324116992 + intDiv(number, 2)))), 80, 'v1',
        'claims-v1', toDateTime64(1772420400 + number / 10000, 6, 'UTC'), 20000, IPv4ToIPv6(toIPv4(toUInt32(3324116992 + intDiv(number, 2)))),
        60, 18, 65160, sipHash64(number), unhex('020405B41E0C0101'), 0, 0, '', 1
      FROM numbers(${rows}) SETTINGS insert_deduplicate = 0`);
    await system.warehouse.store.command(`
      INSERT INTO target_views SELECT campaign, port, target, vantage, '', 'claims-v1', 'plain', '', 'claims-v1', now64(3)
      FROM syn_replies WHERE campaign = '${campaign}'`);
  }
}, 240_000);
afterAll(() => system.stop());

/** A folder of its own for what must be left in it. */
function emptyFolder(name: string): string {
  const folder = join(system.folder, name);
  mkdirSync(folder);
  return folder;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`not so after a minute: ${what}`);
    await sleep(5);
  }
}

/** Resolves when something of the export is on the disk, under whatever name. */
const begun = (folder: string) =>
  until(`an export in ${folder}`, () => readdirSync(folder).some((file) => statSync(join(folder, file)).size > 0));

describe("a large export", () => {
  it.each([
    ["zmap-csv", MANY + 1],
    // A connectivity and a negotiation each, and the metadata.
    ["pto-ndjson", 2 * MANY + 1],
  ])("to %s takes no more memory than a small one", async (format, lines) => {
    const folder = emptyFolder(format);
    const run = async (campaign: string) => {
      const out = join(folder, campaign);
      const { code, stderr, peakBytes } = await system.parallax(["export", campaign, "--format", format, "--out", out]);
      expect([code, stderr]).toEqual([0, ""]);
      return { peakBytes, bytes: statSync(out).size };
    };
    const few = await run("few");
    const many = await run("many");
    expect(many.bytes).toBeGreaterThan(10 * few.bytes);
    expect(many.peakBytes - few.peakBytes).toBeLessThan(80 * 1024 ** 2);
    expect(await system.rows(`SELECT count() AS n FROM file('${join(folder, "many")}', 'LineAsString')`)).toEqual([
      { n: lines },
    ]);
  });

  it("to Parquet has every row", async () => {
    const out = join(system.folder, "many.parquet");
    const args = ["export", "many", "--format", "parquet", "--table", "syn_replies", "--out", out];
    const { code, peakBytes } = await system.parallax(args);
    expect(code).toBe(0);
    expect(peakBytes).toBeLessThan(200 * 1024 ** 2);
    const sums = "count() AS n, sum(receiver_key) AS keys, uniqExact(target) AS targets";
    expect(await system.rows(`SELECT ${sums} FROM file('${out}', 'Parquet')`)).toEqual(
      await system.rows(`SELECT ${sums} FROM syn_replies WHERE campaign = 'many'`),
    );
  });
});

describe("an export that does not come to its end", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("leaves no file when it is ended by %s", async (signal) => {
    const folder = emptyFolder(signal);
    const out = join(folder, "many.csv");
    const { code, stderr } = await system.parallax(["export", "many", "--format", "zmap-csv", "--out", out], {
      watch: (child) => void begun(folder).then(() => child.kill(signal)),
    });
    expect(stderr).toBe(`parallax: the export was ended by ${signal}; nothing of it is left; begin again\n`);
    expect([code, readdirSync(folder)]).toEqual([1, []]);
  });

  it("leaves no file when there is no room for it", async () => {
    const folder = emptyFolder("full");
    // Behind 200 blocks a write fails, as on a disk that is full.
    const args = ["export", "many", "--format", "zmap-csv", "--out", join(folder, "many.csv")];
    const { code, stderr } = await system.parallax(args, { before: "ulimit -f 200" });
    expect(stderr).toMatch(/many\.csv cannot be written: EFBIG/);
    expect([code, readdirSync(folder)]).toEqual([1, []]);
  });

  it("leaves no file when the warehouse dies in the middle of it, and the one of before stays", async () => {
    const folder = emptyFolder("died");
    const out = join(folder, "many.csv");
    expect((await system.parallax(["export", "few", "--format", "zmap-csv", "--out", out])).code).toBe(0);
    const { size } = statSync(out);
    const pid = system.warehouse.warehouse.pid();
    if (pid === undefined) throw new Error("no warehouse");
    const { code, stderr } = await system.parallax(["export", "many", "--format", "zmap-csv", "--out", out], {
      watch: () =>
        void until("a second file", () => readdirSync(folder).length === 2).then(() => process.kill(pid, "SIGKILL")),
    });
    expect(stderr).toMatch(/^parallax: .*; repeat the command\n$/);
    expect([code, readdirSync(folder), statSync(out).size]).toEqual([1, ["many.csv"], size]);
  });

  it("is told apart from a whole one where the engine fails behind rows", async () => {
    await until("the warehouse again", () => system.warehouse.events.some((event) => event.includes("started again")));
    const sql = "SELECT throwIf(number = 900000) FROM numbers(1000000)";
    const ask = () => system.parallax(["query", "--format", "TSV", sql]);
    let { code, stdout, stderr } = await ask();
    // It may not listen yet.
    for (let tries = 0; stderr.includes("ECONNREFUSED") && tries < 50; tries++)
      ({ code, stdout, stderr } = await ask());
    expect([code, stdout.startsWith("0\n"), stdout.includes("exception")]).toEqual([1, true, false]);
    expect(stderr).toMatch(
      /failed behind rows that it had sent already: .*throwIf.*; what was printed is not the whole/,
    );
    expect(existsSync(join(system.warehouse.folder, "results"))).toBe(true);
    expect(readdirSync(join(system.warehouse.folder, "results"))).toEqual([]);
  });
});
