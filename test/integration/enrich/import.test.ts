import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { FileKind } from "../../../coordinator/enrich/entry.js";
import { importFile } from "../../../coordinator/enrich/import.js";
import { lookupsOf, pinWords, readPins } from "../../../coordinator/enrich/pins.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";
import { ASRANK, BGPDUMP, cities, IPTOASN, networks, PEERINGDB, PFX2AS } from "./files.js";

let test: TestWarehouse;
let folder: string;
let now = Date.parse("2026-03-01T00:00:00Z");
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  folder = mkdtempSync(join(tmpdir(), "parallax-enrich-"));
});
afterAll(async () => {
  await test.stop();
  rmSync(folder, { recursive: true, force: true });
});

function given(kind: FileKind, content: string | Uint8Array, date: string | null = null) {
  const path = join(folder, `${kind}-${now}`);
  writeFileSync(path, content);
  return importFile(test.store, { wallMs: () => ++now }, { kind, file: { path, name: `${kind}.file` }, date });
}

async function rows(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const found = [];
  for await (const row of test.store.rows(sql)) found.push(row);
  return found;
}

const originsOf = (snapshot: number) =>
  rows(`SELECT prefix, asn, others FROM prefix_asn FINAL WHERE snapshot = ${snapshot} ORDER BY prefix`);
const reasons = (report: { leftOut: readonly { reason: string; entries: number }[] }) =>
  Object.fromEntries(report.leftOut.map(({ reason, entries }) => [reason, entries]));

describe("an import", () => {
  it("takes prefix-to-AS files, with MOAS and AS sets, and says what it left out", async () => {
    const report = await given("pfx2as", gzipSync(PFX2AS), "2026-01-05");
    expect(report).toMatchObject({ date: "2026-01-05", rows: { origins: 4 } });
    expect(reasons(report)).toEqual({ "no prefix": 1, "no network number": 1 });
    expect(await originsOf(report.snapshot)).toEqual([
      { prefix: "192.0.2.0/24", asn: 64_520, others: [64_521] },
      { prefix: "198.18.0.0/24", asn: 64_500, others: [] },
      { prefix: "198.51.100.0/24", asn: 64_510, others: [64_511] },
      { prefix: "2001:db8::/32", asn: 64_530, others: [] },
    ]);
  });

  it("takes ranges as the prefixes that make them up", async () => {
    const report = await given("iptoasn", IPTOASN, "2026-01-06");
    expect(reasons(report)).toEqual({ "not routed": 1, "no range of addresses": 1 });
    expect((await originsOf(report.snapshot)).map(({ prefix }) => prefix)).toEqual([
      "198.18.0.0/30",
      "198.18.0.4/31",
      "2001:db8::/32",
    ]);
  });

  it("takes routing tables: the origin that most peers see comes first", async () => {
    const report = await given("bgpdump", BGPDUMP, "2026-01-07");
    expect(reasons(report)).toEqual({
      "no prefix": 1,
      "no origin at the end of the AS path": 1,
      "no line of a routing table": 1,
    });
    expect(await originsOf(report.snapshot)).toEqual([
      { prefix: "198.18.0.0/24", asn: 64_501, others: [64_500] },
      { prefix: "198.51.100.0/24", asn: 64_510, others: [64_511] },
    ]);
  });

  it("takes MaxMind databases of networks and of cities, whose date is in them", async () => {
    const report = await given("maxmind", networks());
    expect(report).toMatchObject({ date: "2026-02-21", rows: { origins: 2, names: 2 } });
    const places = await given("maxmind", cities());
    expect(places).toMatchObject({ date: "2026-02-20", rows: { places: 3 } });
    expect(reasons(places)).toEqual({ "no country": 1 });
    expect(
      await rows(`SELECT * EXCEPT snapshot FROM prefix_geo FINAL WHERE snapshot = ${places.snapshot} ORDER BY prefix`),
    ).toEqual([
      { prefix: "198.18.0.0/24", country: "DE", city: "Frankfurt", latitude: 50.1, longitude: 8.7 },
      { prefix: "198.51.100.0/30", country: "SG", city: "", latitude: null, longitude: null },
      { prefix: "2001:db8::/32", country: "FR", city: "", latitude: null, longitude: null },
    ]);
  });

  it("takes PeeringDB and AS Rank", async () => {
    const peeringdb = await given("peeringdb", PEERINGDB, "2026-02-01");
    expect(peeringdb.rows).toEqual({ networks: 1, exchanges: 2 });
    expect(reasons(peeringdb)).toEqual({ "a net without what it should have": 1, "of no exchange in the dump": 1 });
    const asrank = await given("asrank", ASRANK, "2026-02-01");
    expect(asrank.rows).toEqual({ ranks: 2 });
    expect(reasons(asrank)).toEqual({ "no network with a rank": 1 });
  });

  it("refuses a file of another kind and leaves no snapshot", async () => {
    await expect(given("pfx2as", "hello\nworld\n")).rejects.toThrow(
      'pfx2as.file holds nothing in the form of pfx2as (no prefix: "hello")',
    );
    await expect(given("maxmind", "hello")).rejects.toThrow("maxmind.file is no MaxMind database");
    await expect(given("peeringdb", "[]")).rejects.toThrow("peeringdb.file is no dump of PeeringDB");
    expect(await rows("SELECT count() AS n FROM snapshots FINAL WHERE file = 'pfx2as.file'")).toEqual([{ n: 1 }]);
  });
});

describe("a campaign's pins", () => {
  it("are each topic's latest snapshot from before a date", async () => {
    const pins = await readPins(test.store, "2026-02-10");
    expect(pins.map(({ topic, kind, date }) => [topic, kind, date])).toEqual([
      ["exchanges", "peeringdb", "2026-02-01"],
      ["names", "iptoasn", "2026-01-06"],
      ["networks", "peeringdb", "2026-02-01"],
      ["origins", "bgpdump", "2026-01-07"],
      ["ranks", "asrank", "2026-02-01"],
    ]);
    expect(pinWords(pins, "2026-02-10").at(-1)).toBe("places: unknown, no data of 2026-02-10 or before were imported");
    expect(await readPins(test.store, "2026-01-04")).toEqual([]);
  });

  const seen = async (asOf: string, address: string) => {
    const { asn, country, exchange, networks: known } = lookupsOf(await readPins(test.store, asOf));
    const sql = `
      SELECT found.asn AS asn, found.country AS country, found.exchange AS exchange, networks.name AS name,
        networks.rank AS rank, networks.network_type AS type
      FROM (SELECT ${asn("address")} AS asn, ${country("address")} AS country, ${exchange("address")} AS exchange
        FROM (SELECT toIPv6('${address}') AS address)) AS found
      LEFT JOIN ${known} AS networks ON networks.asn = found.asn`;
    return (await rows(sql))[0];
  };

  it("decide what an address is looked up in: longest prefix, IPv4 and IPv6, members of exchanges", async () => {
    expect(await seen("2026-12-31", "::ffff:198.18.0.1")).toEqual({
      ...{ asn: 64_500, country: "DE", exchange: "", name: "Example Net", rank: 27, type: "Content" },
    });
    expect(await seen("2026-02-10", "::ffff:198.18.0.1")).toMatchObject({ asn: 64_501, country: "" });
    expect(await seen("2026-02-10", "::ffff:198.51.100.2")).toMatchObject({
      asn: 64_510,
      exchange: "EX-IX",
      name: "MEMBER",
    });
    expect(await seen("2026-02-10", "::ffff:198.51.100.3")).toMatchObject({ asn: 64_510, exchange: "EX-IX" });
    expect(await seen("2026-12-31", "2001:db8::1")).toMatchObject({ asn: 0, country: "FR" });
  });

  it("are none before the first import: nothing is known, and that is no error", async () => {
    expect(await seen("2025-01-01", "::ffff:198.18.0.1")).toEqual({
      ...{ asn: 0, country: "", exchange: "", name: "", rank: 0, type: "" },
    });
  });
});
