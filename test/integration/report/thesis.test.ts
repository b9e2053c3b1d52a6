import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildJudgements, buildViews } from "../../../coordinator/compare/build.js";
import { NO_LOOKUPS } from "../../../coordinator/enrich/lookups.js";
import type { ReportContext, Row } from "../../../coordinator/report/item.js";
import { REPORT_ITEMS } from "../../../coordinator/report/items/index.js";
import { readItem } from "../../../coordinator/report/read.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";
import { insertFacts } from "./insert-rows.js";
import { CHANGING_HOPS, OUTCOMES, SCANS, SUPERSETS } from "./thesis-numbers.js";
import { plainOf, rowsOf } from "./thesis-rows.js";

let test: TestWarehouse;
const context: ReportContext = {
  campaigns: [...SCANS]
    .sort((a, b) => (a.date < b.date ? -1 : 1))
    .map(({ label, date }) => ({
      id: label,
      series: "thesis",
      date,
      vantages: ["muc"],
      variants: ["v0"],
      sources: [],
    })),
  lookups: NO_LOOKUPS,
};

beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  for (const scan of SCANS) {
    const origin = { campaign: scan.label, vantage: "muc", agent: `muc-${scan.port}` };
    await insertFacts(test.store, origin, rowsOf(scan));
    await buildViews(test.store, { campaign: scan.label, everywhere: [], variants: ["v0"] });
    if (scan.label === "D" || scan.label === "Y") await buildJudgements(test.store, scan.label);
  }
}, 300_000);
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
