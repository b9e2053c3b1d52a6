import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import type { FileKind } from "../../../coordinator/enrich/entry.js";
import { importFile } from "../../../coordinator/enrich/import.js";
import { lookupsOf, readPins } from "../../../coordinator/enrich/pins.js";
import type { ReportContext, Row } from "../../../coordinator/report/item.js";
import { REPORT_ITEMS } from "../../../coordinator/report/items/index.js";
import { readItem } from "../../../coordinator/report/read.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";
import { insertFacts } from "./insert-rows.js";
import { CHANGING_HOPS, NETWORKS, OUTCOMES, SCANS, SUPERSETS } from "./thesis-numbers.js";
import { networkPrefixes, plainOf, rowsOf } from "./thesis-rows.js";

let test: TestWarehouse;
let context: ReportContext;
const campaigns: ReportContext["campaigns"] = [...SCANS]
  .sort((a, b) => (a.date < b.date ? -1 : 1))
  .map(({ label, date }) => ({
    ...{ id: label, series: "thesis", date, vantages: ["muc"], variants: ["v0"], sources: [] },
  }));

const known = [
  ...new Map(
    Object.values(NETWORKS)
      .flat()
      .map((one) => [one.asn, one]),
  ).values(),
];
const none = { data: [] };
/** What the thesis's networks are known for, as files. */
const FILES: readonly (readonly [FileKind, string])[] = [
  [
    "pfx2as",
    networkPrefixes()
      .map(([prefix, asn]) => `${prefix.replace("/", "\t")}\t${asn}`)
      .join("\n"),
  ],
  [
    "peeringdb",
    JSON.stringify({
      ...{ ix: none, ixlan: none, ixpfx: none, netixlan: none },
      net: { data: known.map(({ asn, name, type }, id) => ({ id, asn, name, info_type: type })) },
    }),
  ],
  [
    "asrank",
    known.map(({ asn, rank, location }) => JSON.stringify({ asn, rank, country: { iso: location } })).join("\n"),
  ],
];

beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  const folder = mkdtempSync(join(tmpdir(), "parallax-thesis-"));
  for (const [i, [kind, content]] of FILES.entries()) {
    const file = { path: join(folder, kind), name: kind };
    writeFileSync(file.path, content);
    await importFile(test.store, { wallMs: () => i + 1 }, { kind, file, date: "2020-06-30" });
  }
  rmSync(folder, { recursive: true });
  context = { campaigns, lookups: lookupsOf(await readPins(test.store, "2020-07-06")) };
  for (const scan of SCANS) {
    const origin = { campaign: scan.label, vantage: "muc", agent: `muc-${scan.port}` };
    await insertFacts(test.store, origin, rowsOf(scan));
    await buildViews(test.store, { campaign: scan.label, everywhere: [], variants: ["v0"] });
    if (scan.label === "D" || scan.label === "Y") await buildJudgements(test.store, scan.label);
  }
}, 600_000);
afterAll(() => test.stop());

async function rows(id: string): Promise<readonly Row[]> {
  const item = REPORT_ITEMS.find((one) => one.id.startsWith(id));
  if (item === undefined) throw new RangeError(`no item ${id}`);
  return (await readItem(test.store, context, item)).rows;
}

describe("a report on the thesis's scans", () => {
  it.each([
    ["table-4.1", "IPv4"],
    ["table-4.4", "IPv6"],
  ] as const)("has its %s: hosts with MP_CAPABLE and with a different key in each scan over %s", async (id, family) => {
    const found = (await rows(id)).map(({ campaign, date, port, targets, mp_capable, different_key }) => ({
      ...{ label: campaign, date, port, targets, mp_capable, different_key },
    }));
    const expected = SCANS.filter((scan) => scan.family === family).map((scan) => ({
      label: scan.label,
      date: scan.date,
      port: scan.port,
      targets: scan.mpCapable + plainOf(scan),
      mp_capable: scan.mpCapable,
      different_key: scan.differentKey,
    }));
    expect(found).toEqual(expected);
  });

  it("has its table 4.7: all scans together", async () => {
    const found = await rows("table-4.7");
    expect(
      found.map(({ family, port, mp_capable, different_key }) => [family, port, mp_capable, different_key]),
    ).toEqual(SUPERSETS.map(({ family, port, mpCapable, differentKey }) => [family, port, mpCapable, differentKey]));
  });

  it.each(["D", "Y"] as const)(
    "has its table 4.8 or 4.9: networks of the truly capable hosts of scan %s",
    async (label) => {
      const found = (await rows("table-4.8")).filter(({ campaign }) => campaign === label);
      const top = found.slice(0, 10).map(({ amount, asn, name, rank, location, network_type: type }) => ({
        ...{ amount, asn, name, rank, location, type },
      }));
      const byAmount = (a: { amount: unknown; asn: unknown }, b: { amount: unknown; asn: unknown }) =>
        Number(b.amount) - Number(a.amount) || Number(a.asn) - Number(b.asn);
      expect(top).toEqual([...NETWORKS[label]].sort(byAmount));
      const others = found.slice(10).reduce((sum, { amount }) => sum + Number(amount), 0);
      expect(others).toBe({ D: 1_921, Y: 1_206 }[label]);
    },
  );

  it("has its table 4.10: where the option is first seen changed before the last hops", async () => {
    const found = (await rows("table-4.10")).filter(({ campaign }) => campaign === "D");
    expect(new Map(found.map(({ address, paths }) => [address, paths]))).toEqual(new Map(CHANGING_HOPS));
  });

  it("has its figure 4.5: what traces found of the hosts with a different key", async () => {
    const found = await rows("figure-4.5");
    for (const label of ["D", "Y"] as const) {
      const own = found.filter(({ campaign }) => campaign === label);
      expect(Object.fromEntries(own.map(({ outcome, hosts }) => [outcome, hosts]))).toEqual(OUTCOMES[label]);
    }
  });
});
