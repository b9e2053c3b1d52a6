import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { importFile } from "../../../coordinator/enrich/import.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { ASRANK, PFX2AS } from "../enrich/files.js";
import { makeSmallCampaign, SMALL } from "../report/small-campaign.js";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  await makeSmallCampaign(test.store);
  const folder = mkdtempSync(join(tmpdir(), "parallax-queries-"));
  for (const [i, [kind, content]] of (
    [
      ["pfx2as", PFX2AS],
      ["asrank", ASRANK],
    ] as const
  ).entries()) {
    const file = { path: join(folder, kind), name: kind };
    writeFileSync(file.path, content);
    await importFile(test.store, { wallMs: () => i + 1 }, { kind, file, date: "2026-03-01" });
  }
  rmSync(folder, { recursive: true });
});
afterAll(() => test.stop());

/** Every query of the cookbook, by its heading. */
const QUERIES = [
  ...readFileSync("docs/queries.md", "utf8").matchAll(/^## (.+)$[\s\S]*?^```sql\n([\s\S]*?)^```$/gm),
].map(([, heading = "", sql = ""]) => [heading, sql.replaceAll("CAMPAIGN", SMALL.id)] as const);

/** As an operator asks: with the token that only reads. */
async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${test.warehouse.url}/?database=parallax&default_format=JSONEachRow`, {
    method: "POST",
    headers: { "X-ClickHouse-Key": TOKENS.reader },
    body: sql,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The first row that a query must give of the small campaign. */
const FIRST_ROWS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "Which targets do the vantage points see differently?": {
    address: "198.18.0.1",
    host_verdict: "mptcp",
    placement: "near-source",
  },
  "What did each vantage point see of them?": { address: "198.18.0.1", verdicts: { fra: "claims-v1", sin: "plain" } },
  "How many hosts of each kind are there, by port and family?": {
    port: 80,
    family: "IPv4",
    host_verdict: "not-capable",
    hosts: 3,
  },
  "Which hosts speak MPTCP and hide it from somebody?": {
    target: "198.18.0.1",
    seen_from: ["fra"],
    hidden_from: ["sin"],
  },
  "Where does the MPTCP option vanish most often?": { targets: 1 },
  "Which known boxes do the changes look like?": { paths: 1 },
  "One target's path, hop by hop, with and without the option": {
    vantage: "fra",
    variant: "plain",
    ttl: 1,
    hop: "192.0.2.1",
  },
  "How often is a SYN with MP_CAPABLE dropped whose control is answered?": {
    vantage: "fra",
    blocked: 0,
    lost: 0,
    targets: 6,
  },
  "Which networks have the most hosts with a key of their own?": { asn: 64_500, name: "EXAMPLE", hosts: 1 },
  "How fast did a vantage point's targets answer?": { vantage: "fra", variant: "plain", median_ms: 20 },
  "Which option lists do hosts answer with?": { option_bytes: "020405B4", verdict: "plain" },
  "How much later does a page come over MPTCP, from where?": { vantage: "sin", port: 80, runs: 3, median_ms: 62 },
  "What was asked, and what perhaps twice?": { source: "synscan/v4/80", kind: "asked", intervals: 2, targets: 5 },
};

describe("the query cookbook", () => {
  it("has the queries that are tested", () => {
    expect(QUERIES.map(([heading]) => heading)).toEqual(Object.keys(FIRST_ROWS));
  });

  it.each(QUERIES)("%s", async (heading, sql) => {
    const [first] = await ask(sql);
    expect(first).toMatchObject(FIRST_ROWS[heading] ?? {});
  });
});
