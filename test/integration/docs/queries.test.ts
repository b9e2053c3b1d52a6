import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { importFile } from "../../../coordinator/enrich/import.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { FactRow } from "../../../shared/batch/rows.js";
import { ASRANK, PFX2AS } from "../enrich/files.js";
import { insertFacts } from "../report/insert-rows.js";
import { makeSmallCampaign, SMALL } from "../report/small-campaign.js";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

const LATER = "small-later";

const PROVED: FactRow = {
  ...{
    table: "handshakes",
    source: "verify/v4/80",
    index: 0,
    target: parseAddress("198.18.0.1"),
    port: 80,
    variant: "v1",
  },
  ...{ verdict: "dss-proved", after: "", synVerdict: "claims-v1", joinProbe: "mp-tcprst", joinProbeReason: null },
  ...{ join: "join-accepted", joinReason: null, joinRemoval: "", noJoin: false, checksumRequired: false },
  ...{ receiverKey: 1n, addresses: [], resetReason: null, receivedAtUs: 1_772_420_400_000_000, rttUs: null, ttl: 60 },
  ...{ responder: parseAddress("198.18.0.1"), options: new Uint8Array(0), segments: [], facts: [] },
};

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  await makeSmallCampaign(test.store);
  await makeSmallCampaign(test.store, LATER);
  await insertFacts(test.store, { campaign: LATER, vantage: "fra", agent: "fra-80" }, [PROVED]);
  // A week later the hidden host is not capable any more.
  await test.store.command(
    "ALTER TABLE target_classes UPDATE host_verdict = 'not-capable' WHERE campaign = {later:String} AND target = toIPv6('198.18.0.1')",
    { later: LATER },
  );
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
].map(([, heading = "", sql = ""]) => [heading, named(heading, sql)] as const);

/** The names that the page leaves to its reader. Handshakes are those of the later campaign. */
function named(heading: string, sql: string): string {
  const later = /judged otherwise|claim MPTCP/.test(heading);
  return sql
    .replaceAll("CAMPAIGN", later ? LATER : SMALL.id)
    .replaceAll("'BEFORE'", `'${SMALL.id}'`)
    .replaceAll("SERIES", SMALL.id);
}

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
  "One target's history over all campaigns": {
    ...{ campaign: "small", port: 80, host_verdict: "mptcp", placement: "near-source", vantages: 2 },
  },
  // 198.18.0.1 from fra, 2001:db8::1 from both.
  "How does a series grow?": { campaign: "small", hosts: 2, new: 2 },
  "Which hosts are judged otherwise than in the campaign before?": {
    ...{ address: "198.18.0.1", port: 80, before: "mptcp", after: "not-capable" },
  },
  // 198.51.100.2, the hop before which sin's option is gone, is of 64510 and 64511.
  "In which networks is the MPTCP option taken away?": {
    ...{ asn: 64_510, condition: "tcp.option.mptcp.removed", targets: 1, seen_from: ["sin"] },
  },
  // 198.18.0.3 is a mirror, 198.18.0.1 has a key of its own.
  "What share of the answers with MPTCP are echoes, by port and family?": {
    ...{ port: 80, family: "IPv4", echoing: 1, own_key: 1, share: 0.5 },
  },
  // Of fra's two hosts with a key one got a handshake.
  "Which hosts claim MPTCP, and what did their handshakes come to?": {
    vantage: "fra",
    handshake: "dss-proved",
    hosts: 1,
  },
  // fra meets the hidden host at hop 6 either way; the mirror's control was not traced.
  "Are paths longer with the option than without it?": { vantage: "fra", with_option: 6, without: 6, paths: 1 },
  // To the hidden host and to the mirror.
  "Which routers are on the paths to most targets?": { hop: "192.0.2.1", targets: 2, seen_from: ["fra"], nearest: 1 },
};

describe("the query cookbook", () => {
  it("has the queries that are tested, twenty of them and more", () => {
    expect(QUERIES.length).toBeGreaterThanOrEqual(20);
    expect(QUERIES.map(([heading]) => heading)).toEqual(Object.keys(FIRST_ROWS));
  });

  it("finds nothing new in the second campaign, and what changed from fra to sin", async () => {
    const growth = QUERIES.find(([heading]) => heading === "How does a series grow?")?.[1] ?? "";
    expect(await ask(growth)).toEqual([
      { campaign: "small", hosts: 2, new: 2 },
      { campaign: LATER, hosts: 2, new: 0 },
    ]);
    const longer = QUERIES.find(([heading]) => heading.startsWith("Are paths longer"))?.[1] ?? "";
    expect((await ask(longer))[1]).toEqual({ vantage: "sin", with_option: 8, without: 7, paths: 1 });
  });

  it.each(QUERIES)("%s", async (heading, sql) => {
    const [first] = await ask(sql);
    expect(first).toMatchObject(FIRST_ROWS[heading] ?? {});
  });
});
