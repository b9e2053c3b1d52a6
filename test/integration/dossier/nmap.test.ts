import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { printDossiers } from "../../../coordinator/dossier/print.js";
import { readDossiers } from "../../../coordinator/dossier/read.js";
import { importFile } from "../../../coordinator/enrich/import.js";
import { lookupsOf, readPins, readSnapshots } from "../../../coordinator/enrich/pins.js";
import { DOSSIER_ITEM } from "../../../coordinator/report/items/dossiers.js";
import { readItem } from "../../../coordinator/report/read.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { FIREWALL, type NmapHostText, nmapText } from "../enrich/nmap-file.js";
import { makeSmallCampaign, SMALL } from "../report/small-campaign.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

/** The campaign began on 2026-03-02; sin's box stands between these two. */
const [BEFORE, BOX] = ["198.51.100.1", "198.51.100.2"];
const MARCH_4 = Date.parse("2026-03-04T05:01:00Z") / 1000;
const DAY_S = 86_400;

let test: TestWarehouse;
let folder: string;
let now = Date.parse("2026-03-10T00:00:00Z");
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  await makeSmallCampaign(test.store);
  folder = mkdtempSync(join(tmpdir(), "parallax-dossier-nmap-"));
});
afterAll(async () => {
  await test.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function attach(name: string, hosts: readonly NmapHostText[]) {
  const path = join(folder, name);
  writeFileSync(path, nmapText(hosts));
  return importFile(test.store, { wallMs: () => ++now }, { kind: "nmap", file: { path, name }, date: null });
}

const dossiers = async (asOf?: string) =>
  readDossiers(test.store, { campaign: SMALL.id, lookups: lookupsOf(await readPins(test.store, SMALL.date), asOf) });
const scansOf = async (asOf?: string) => (await dossiers(asOf)).dossiers.find(({ address }) => address === BOX)?.scans;

describe("an operator's scan with nmap", () => {
  it("is in the dossier of the box whose addresses it looked at, though it is younger than the campaign", async () => {
    expect(await scansOf()).toEqual([]);
    const report = await attach("box.xml", [
      { address: BEFORE, endtime: MARCH_4 },
      { address: BOX, endtime: MARCH_4, found: FIREWALL },
      { address: "203.0.113.77", endtime: MARCH_4, found: FIREWALL },
    ]);
    expect(report).toMatchObject({ date: "2026-03-04", rows: { scans: 3 }, leftOut: [] });
    const at = { scannedAtMs: MARCH_4 * 1000, file: "box.xml" };
    expect(await scansOf()).toEqual([
      {
        ...{ address: BOX, ...at, names: ["fw1.example.net"] },
        ports: [
          { port: 22, protocol: "tcp", service: "ssh", product: "OpenSSH 8.4p1 (protocol 2.0)" },
          { port: 443, protocol: "tcp", service: "ssl/http", product: "" },
        ],
        os: { name: "Palo Alto PAN-OS 10", accuracyPercent: 96 },
      },
      { address: BEFORE, ...at, names: [], ports: [], os: null },
    ]);
    const others = (await dossiers()).dossiers.filter(({ address }) => address !== BOX);
    expect(others.flatMap(({ scans }) => scans)).toEqual([]);
  });

  it("is told as text and in the report", async () => {
    const text = printDossiers({ ...(await dossiers()), knowledge: [] });
    expect(text).toContain("nmap 198.51.100.2  Palo Alto PAN-OS 10 (96 %); fw1.example.net; scanned 2026-03-04 05:01");
    expect(text).toMatch(/\n +22\/tcp ssh OpenSSH 8\.4p1 \(protocol 2\.0\)\n +443\/tcp ssl\/http\n/);
    expect(text).toContain("no open port");
    const lookups = lookupsOf(await readPins(test.store, SMALL.date));
    const { rows } = await readItem(test.store, { campaigns: [SMALL], lookups }, DOSSIER_ITEM);
    expect(rows.find(({ box }) => box === BOX)).toMatchObject({
      open_ports: "198.51.100.2: 22/tcp ssh 443/tcp ssl/http; 198.51.100.1: none",
      system: "198.51.100.2: Palo Alto PAN-OS 10 (96 %)",
      scanned: "198.51.100.2: 2026-03-04; 198.51.100.1: 2026-03-04",
    });
    expect(rows.find(({ box }) => box !== BOX)).toMatchObject({ open_ports: null, system: null, scanned: null });
  });

  it("stands until a later one of the same address, and each counts for what it looked at", async () => {
    const later = MARCH_4 + 2 * DAY_S;
    await attach("later.xml", [{ address: BOX, endtime: later }]);
    // Imported last, and older than what is there.
    await attach("older.xml", [{ address: BOX, endtime: MARCH_4 - DAY_S, found: FIREWALL }]);
    const seen = async (asOf?: string) => (await scansOf(asOf))?.map(({ address, file }) => [address, file]);
    expect(await seen()).toEqual([
      [BOX, "later.xml"],
      [BEFORE, "box.xml"],
    ]);
    expect(await seen("2026-03-04")).toEqual([
      [BOX, "box.xml"],
      [BEFORE, "box.xml"],
    ]);
    expect(await seen("2026-03-03")).toEqual([[BOX, "older.xml"]]);
    expect(await seen("2026-03-02")).toEqual([]);
  });

  it("is listed with the other imports, and pins nothing", async () => {
    expect((await readSnapshots(test.store)).map(({ topic, kind, date, file }) => [topic, kind, date, file])).toEqual([
      ["scans", "nmap", "2026-03-04", "older.xml"],
      ["scans", "nmap", "2026-03-04", "later.xml"],
      ["scans", "nmap", "2026-03-04", "box.xml"],
    ]);
    expect(await readPins(test.store, "2026-12-31")).toEqual([]);
  });

  it("that was not of hosts that were up is refused, and leaves no snapshot", async () => {
    await expect(attach("down.xml", [{ address: BOX, state: "down" }])).rejects.toThrow(
      'down.xml holds nothing in the form of nmap (a host that was not up: "198.51.100.2")',
    );
    expect(await readSnapshots(test.store)).toHaveLength(3);
  });
});
