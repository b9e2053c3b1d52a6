import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { importFile } from "../../../coordinator/enrich/import.js";
import { NO_LOOKUPS } from "../../../coordinator/enrich/lookups.js";
import { lookupsOf, readPins } from "../../../coordinator/enrich/pins.js";
import { csvOf } from "../../../coordinator/report/csv.js";
import type { ReportContext, ReportSection } from "../../../coordinator/report/item.js";
import { COUNTRY_ITEMS } from "../../../coordinator/report/items/countries.js";
import { REPORT_ITEMS } from "../../../coordinator/report/items/index.js";
import { readLand } from "../../../coordinator/report/land.js";
import { readItem, readReport } from "../../../coordinator/report/read.js";
import { pageOf } from "../../../coordinator/report/render/page.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { cities } from "../enrich/files.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";
import { makeSmallCampaign, SMALL } from "./small-campaign.js";

const AT_MS = Date.parse("2026-03-01T00:00:00Z");

let test: TestWarehouse;
const context: ReportContext = { campaigns: [SMALL], lookups: NO_LOOKUPS };
let sections: ReportSection[] = [];

beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  await makeSmallCampaign(test.store);
  sections = await read();
});
afterAll(() => test.stop());

async function read(): Promise<ReportSection[]> {
  const found = [];
  for await (const section of readReport(test.store, context)) found.push(section);
  return found;
}

/** The lines of an item's CSV file, without its header. */
function lines(id: string): string[] {
  const item = REPORT_ITEMS.find((one) => one.id === id);
  const section = sections.find((one) => one.id === id);
  if (item === undefined || section === undefined) throw new RangeError(`no item ${id}`);
  return csvOf(item.columns, section.rows).trimEnd().split("\r\n").slice(1);
}

describe("a report", () => {
  it.each([
    ["table-4.1-scans-ipv4", ["small,2026-03-02,80,5,2,0.4,1,0.2"]],
    ["table-4.4-scans-ipv6", ["small,2026-03-02,80,1,1,1,1,1"]],
    ["table-4.7-superset", ["IPv4,80,5,2,0.4,1,0.2", "IPv6,80,1,1,1,1,1"]],
    ["figure-4.1-growth-ipv4", ["small,2026-03-02,80,1,0,1,1"]],
    ["figure-4.3-echoed-keys", ["IPv4,80,same,1,0.5", "IPv4,80,different,1,0.5", "IPv6,80,different,1,1"]],
    [
      "table-4.2-networks-different-key",
      ["IPv4,80,1,,unknown,,unknown,unknown", "IPv6,80,1,,unknown,,unknown,unknown"],
    ],
    ["table-4.8-networks-capable", ["small,IPv4,80,1,,unknown,,unknown,unknown"]],
    ["figure-4.4-traces-same-key", ["small,IPv4,80,not-capable,1,1"]],
    ["figure-4.5-traces-different-key", ["small,IPv4,80,mptcp,1,1"]],
    ["table-6.2-countries", ["small,unknown,1,1,,"]],
    ["table-4.10-changing-hops", ["small,IPv4,80,198.51.100.2,1,unknown,,unknown,unknown,"]],
    [
      "dossiers",
      [
        // Of what only an answer shows, every hop before is open: (1 - 2^-1) / (1 + 3) is the confidence.
        "small,198.18.0.3,tcp.option.mptcp.echoed,1,1,fra,1 to 4,4,,mptcp-mirror,,unknown,unknown,2026-03-02,2026-03-02,0.13,,,",
        "small,198.51.100.2,tcp.option.mptcp.removed,1,1,sin,1 to 2,2,,pan-os,,unknown,unknown,2026-03-02,2026-03-02,0.5,,,",
      ],
    ],
    ["section-4.4.3-path-lengths", ["small,fra,IPv4,0,same,1,1", "small,sin,IPv4,1,longer,1,1"]],
    ["section-4.4.3-hops", ["small,fra,IPv4,6,1,1", "small,sin,IPv4,7,0,1", "small,sin,IPv4,8,1,0"]],
    ["agreement", ["small,80,fra,sin,6,4,0.6666666666666666"]],
    ["coverage", ["small,synscan/v4/80,5,4,0.8,1,1"]],
  ])("counts what a small campaign found: %s", (id, expected) => {
    expect(lines(id)).toEqual(expected);
  });

  it("counts pairs of a SYN with MP_CAPABLE and its control, and how often the control alone is answered", () => {
    const counted = (id: string) => {
      const section = sections.find((one) => one.id === id);
      return section?.rows.map(({ vantage, family, pairs, blocked, lost, rate }) => [
        vantage,
        family,
        pairs,
        blocked,
        lost,
        rate,
      ]);
    };
    const expected = [
      ["fra", "IPv4", 5, 0, 0, 0],
      ["fra", "IPv6", 1, 0, 0, 0],
      // One of its hosts answers the control alone, one MP_CAPABLE alone.
      ["sin", "IPv4", 5, 1, 1, 0],
      ["sin", "IPv6", 1, 0, 0, 0],
    ];
    expect(counted("blackholes")).toEqual(expected);
    for (const id of ["blackholes-by-network", "blackholes-by-country"]) {
      expect(counted(id)?.sort()).toEqual(expected);
      expect(sections.find((one) => one.id === id)?.rows[0]).toMatchObject(
        id === "blackholes-by-country" ? { country: "unknown" } : { asn: null, name: "unknown" },
      );
    }
  });

  it("tells pages of capable hosts from those behind a box, by the median of their runs", () => {
    const of = (vantage: string, ms: number) =>
      [
        ["connect", ms],
        ["pretransfer", ms],
        ["first-byte", 2 * ms],
        ["total", 2 * ms],
      ].map(([component, difference]) => `small,${vantage},${component},${difference},1,1`);
    expect(lines("figure-4.8-timing-capable")).toEqual(of("fra", 1));
    expect(lines("figure-4.9-timing-middleboxes")).toEqual(of("sin", 31));
  });

  it("has a map of the hosts' countries where the imported data tell coordinates, and says so where they do not", async () => {
    const [item] = COUNTRY_ITEMS;
    const folder = mkdtempSync(join(tmpdir(), "parallax-report-"));
    const path = join(folder, "cities.mmdb");
    writeFileSync(path, cities());
    const file = { path, name: "cities.mmdb" };
    await importFile(test.store, { wallMs: () => AT_MS }, { kind: "maxmind", file, date: null });
    rmSync(folder, { recursive: true, force: true });
    const lookups = lookupsOf(await readPins(test.store, SMALL.date));
    if (item === undefined) throw new RangeError("no item of countries");
    const { rows } = await readItem(test.store, { campaigns: [SMALL], lookups }, item);
    const place = { latitude: 50.1, longitude: 8.7 };
    expect(rows).toEqual([{ campaign: "small", country: "DE", hosts: 1, share: 1, ...place }]);
    // 188.7 of 360 degrees from the left, 33.9 of 142 from the top.
    expect(item.figure?.(rows, { land: null })).toContain('cx="52.42%" cy="23.87%"');
    const unplaced = sections.find(({ id }) => id === item.id)?.rows ?? [];
    expect(item.figure?.(unplaced, { land: null })).toContain("No map: the imported data tell no coordinates");
  });

  it("says why something was not measured", async () => {
    const untimed: ReportSection[] = [];
    const another = { ...context, campaigns: [{ ...SMALL, id: "another" }] };
    for await (const section of readReport(test.store, another)) untimed.push(section);
    const timing = untimed.find(({ id }) => id === "figure-4.8-timing-capable");
    expect(timing).toEqual({
      id: "figure-4.8-timing-capable",
      rows: [],
      absent: expect.stringContaining("had no stage"),
    });
  });

  it("shows rows as they came, with their options in words and their key", () => {
    expect(lines("table-6.1-extract")).toContain(
      "small,198.18.0.1,80,claims-v1,0x020405b41e0c01010102030405060708,MSS-MPTCP-,0x0102030405060708",
    );
  });

  it("is the same to the byte when it is made again, and loads nothing", async () => {
    const head = { campaigns: [SMALL], knowledge: [] };
    const drawing = { land: readLand("dist/coordinator/dashboard/page/land.svg") };
    expect(drawing.land).toMatch(/^M[\d.]+ /);
    const page = pageOf(head, REPORT_ITEMS, sections, drawing);
    expect(pageOf(head, REPORT_ITEMS, await read(), drawing) === page).toBe(true);
    expect(page.match(/<script|src=|url\(|@import|https?:/)).toBeNull();
    for (const { id, title } of REPORT_ITEMS) {
      expect(page.includes(`<section id="${id}">`)).toBe(true);
      expect(page.includes(title)).toBe(true);
    }
  });
});
