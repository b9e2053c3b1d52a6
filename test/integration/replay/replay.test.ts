import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { CampaignRecord } from "../../../coordinator/campaign/record.js";
import { parseCampaign } from "../../../coordinator/campaign/spec.js";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import { readComparison } from "../../../coordinator/compare/read.js";
import { printReplay } from "../../../coordinator/replay/print.js";
import { type ReplayEvent, replayCampaign } from "../../../coordinator/replay/replay.js";
import type { ReplayReport } from "../../../coordinator/replay/report.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { batchId } from "../../../shared/batch/codec.js";
import type { RowOf } from "../../../shared/batch/columns.js";
import { prependConstants } from "../../../shared/batch/constants.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import type { FactTable } from "../../../shared/batch/tables.js";
import { RULE_VERSION } from "../../../shared/verdict/rules.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";
import { CLAIM, handshake, hop, PLAIN, reply, SECRET, UNKNOWN } from "./evidence.js";

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
}, 60_000);
afterAll(() => test.stop());

const spec = parseCampaign("series: s\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nstages: { tracebox: {} }\n");
const recordOf = (id: string): Pick<CampaignRecord, "id" | "secret" | "spec"> => ({ id, secret: SECRET, spec });

let batches = 0;
async function insert<Table extends FactTable>(campaign: string, table: Table, rows: readonly RowOf<Table>[]) {
  const batch = batchId("fra-80", "boot", batches++);
  const encoder = createBatchEncoder(table);
  for (const row of rows) encoder.append(row);
  const block = prependConstants(encoder.finish(), { campaign, vantage: "fra", agent: "fra-80", batch });
  await test.store.insertBlock(table, block, batch);
}

async function rebuild(campaign: string): Promise<void> {
  await buildViews(test.store, { campaign, everywhere: [], variants: ["v1", "plain"] });
  await buildJudgements(test.store, campaign);
}

const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

function events(campaign: string, apply: boolean): AsyncGenerator<ReplayEvent> {
  const record = recordOf(campaign);
  return replayCampaign({ store: test.store, record, apply, rebuild: () => rebuild(campaign), clock });
}

async function replay(campaign: string, apply = false): Promise<ReplayReport> {
  for await (const event of events(campaign, apply)) if ("report" in event) return event.report;
  throw new Error("a replay without a report");
}

async function all(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = [];
  for await (const row of test.store.rows(sql)) rows.push(row);
  return rows;
}

/** Everything that agents wrote, as one number per table. */
async function raw(campaign: string): Promise<unknown> {
  const sums = ["syn_replies", "trace_hops", "handshakes"].map(
    (table) => `(SELECT (count(), sum(cityHash64(*))) FROM ${table} WHERE campaign = '${campaign}')`,
  );
  return all(`SELECT ${sums.join(", ")}`);
}

const changedRows = ({ tables }: ReplayReport): number => tables.reduce((sum, { changed }) => sum + changed, 0);

/** Rows as rules would have written them that did not know version 1 and took NOPs for options. */
async function insertOldVerdicts(campaign: string): Promise<void> {
  await insert(campaign, "syn_replies", [reply("v1", CLAIM, "malformed"), reply("plain", PLAIN, "plain")]);
  await insert(campaign, "trace_hops", [
    hop(1, null),
    hop(2, "strips", { mptcp: "altered", changes: ["tcp.option.mptcp.changed"] }),
    hop(3, "strips"),
  ]);
  await insert(campaign, "handshakes", [handshake({ verdict: "fell-back", synVerdict: "malformed" })]);
  await rebuild(campaign);
}

describe("a replay", () => {
  it("finds no other verdict where the rules are those that wrote the rows", async () => {
    await insert("same", "syn_replies", [reply("v1", CLAIM, "claims-v1"), reply("plain", PLAIN, "plain")]);
    await insert("same", "trace_hops", [hop(1, null), hop(2, "strips"), hop(3, "translates")]);
    await insert("same", "handshakes", [handshake({})]);
    expect(await replay("same")).toMatchObject({
      campaign: "same",
      applied: false,
      tables: [
        { table: "syn_replies", rows: 2, changed: 0, kept: 0 },
        { table: "trace_hops", rows: 3, changed: 0, kept: 0 },
        { table: "handshakes", rows: 1, changed: 0, kept: 0 },
      ],
      changes: [],
    });
  });

  it("tells what would change, from what to what, and changes nothing", async () => {
    await insertOldVerdicts("dry");
    const before = await raw("dry");
    const compared = await readComparison(test.store, { campaign: "dry" });
    const report = await replay("dry");
    expect(report.tables.map(({ table, changed }) => [table, changed])).toEqual([
      ["syn_replies", 1],
      ["trace_hops", 1],
      ["handshakes", 1],
    ]);
    expect(new Set(report.changes.map(({ column, from, to, rows }) => `${column}: ${from} > ${to} x ${rows}`))).toEqual(
      new Set([
        "verdict: malformed > claims-v1 x 1",
        "mptcp: altered > stripped-nop x 1",
        "changes: tcp.option.mptcp.changed >  x 1",
        "changes:  > tcp.option.mptcp.nop x 1",
        "verdict: fell-back > dss-proved x 1",
        "syn_verdict: malformed > claims-v1 x 1",
      ]),
    );
    expect(printReplay(report)).toContain(
      `dry: 6 rows judged again by rule version ${RULE_VERSION}, 3 would get another verdict`,
    );
    expect(printReplay(report)).toContain("parallax replay dry --apply");
    expect(await raw("dry")).toEqual(before);
    expect(await readComparison(test.store, { campaign: "dry" })).toEqual(compared);
    expect(await all("SELECT * FROM replays WHERE campaign = 'dry'")).toEqual([]);
  });

  it("lets comparisons use the new verdicts when it is applied, leaves the rows as they were, and finds nothing then", async () => {
    await insertOldVerdicts("applied");
    const before = await raw("applied");
    expect(changedRows(await replay("applied", true))).toBe(3);
    const compared = await readComparison(test.store, { campaign: "applied", everything: true });
    expect(compared.verdicts).toMatchObject([{ verdict: "claims-v1", targets: 1 }]);
    expect(compared.disagreements).toMatchObject([
      { changes: [{ condition: "tcp.option.mptcp.nop", afterTtl: 1, beforeTtl: 2 }] },
    ]);
    expect(await raw("applied")).toEqual(before);
    expect(changedRows(await replay("applied"))).toBe(0);
    expect(changedRows(await replay("applied", true))).toBe(0);
    expect(await readComparison(test.store, { campaign: "applied", everything: true })).toEqual(compared);
    for (const table of ["syn_replies", "trace_hops", "handshakes"]) {
      expect(await all(`SELECT count() AS n FROM replayed_${table} FINAL WHERE campaign = 'applied'`)).toEqual([
        { n: 1 },
      ]);
    }
  });

  it("takes back what an earlier replay had found and the present rules do not", async () => {
    await insert("back", "syn_replies", [reply("v1", CLAIM, "claims-v1")]);
    await test.store.command(
      `INSERT INTO replayed_syn_replies SELECT campaign, vantage, batch, row, 5, target, port, variant, received_at, 'echo'
       FROM syn_replies WHERE campaign = 'back'`,
    );
    await test.store.insertRows("replays", [{ campaign: "back", replay: 5, rule_version: 1, rows: 1, changed: 1 }]);
    await rebuild("back");
    expect((await readComparison(test.store, { campaign: "back" })).verdicts).toMatchObject([{ verdict: "echo" }]);
    expect((await replay("back", true)).changes).toMatchObject([{ from: "echo", to: "claims-v1", rows: 1 }]);
    expect((await readComparison(test.store, { campaign: "back" })).verdicts).toMatchObject([{ verdict: "claims-v1" }]);
    expect(await all("SELECT * FROM replayed_syn_replies WHERE campaign = 'back'")).toEqual([]);
  });

  it("that ended in the middle counts for nothing, and the next one clears it away", async () => {
    await insertOldVerdicts("ended");
    const compared = await readComparison(test.store, { campaign: "ended" });
    let nowMs = 0;
    const impatient = { wallMs: () => Date.now(), monotonicMs: () => (nowMs += 1_000) };
    const record = recordOf("ended");
    const interrupted = replayCampaign({
      store: test.store,
      record,
      apply: true,
      rebuild: () => rebuild("ended"),
      clock: impatient,
    });
    let seen = 0;
    for await (const event of interrupted) if ("progress" in event && ++seen === 4) break;
    expect(await all("SELECT count() AS n FROM replayed_syn_replies WHERE campaign = 'ended'")).toEqual([{ n: 1 }]);
    await rebuild("ended");
    expect(await readComparison(test.store, { campaign: "ended" })).toEqual(compared);
    expect(changedRows(await replay("ended", true))).toBe(3);
    expect(await all("SELECT count() AS n FROM replayed_syn_replies WHERE campaign = 'ended'")).toEqual([{ n: 1 }]);
  });

  it("says how many targets were judged by other rules, and judges them again when it is applied", async () => {
    await insert("judged", "syn_replies", [reply("v1", CLAIM, "claims-v1"), reply("plain", PLAIN, "plain")]);
    await rebuild("judged");
    expect((await replay("judged")).outdatedJudgements).toBe(0);
    await test.store.command(
      `INSERT INTO target_classes (campaign, port, target, host_verdict, placement, rule_version, computed_at)
       SELECT campaign, port, target, 'not-reached', 'uncertain', 1, now64(3) + 1 FROM target_classes WHERE campaign = 'judged'`,
    );
    const report = await replay("judged");
    expect(report).toMatchObject({ changes: [], outdatedJudgements: 1 });
    expect(printReplay(report)).toContain("1 targets were judged by rules of another version");
    await replay("judged", true);
    expect((await replay("judged")).outdatedJudgements).toBe(0);
    expect((await readComparison(test.store, { campaign: "judged" })).classes).toMatchObject([
      { hostVerdict: "mptcp" },
    ]);
  });

  it("keeps what rows of older agents do not hold the evidence for", async () => {
    await insert("older", "trace_hops", [hop(3, "translates", { sentFrom: UNKNOWN })]);
    await insert("older", "handshakes", [handshake({ facts: [], verdict: "unconfirmed" })]);
    const report = await replay("older");
    expect(report.changes).toEqual([]);
    expect(report.tables.map(({ table, kept }) => [table, kept])).toEqual([
      ["syn_replies", 0],
      ["trace_hops", 0],
      ["handshakes", 1],
    ]);
    expect(printReplay(report)).toContain("1 rows do not hold what the rules need");
    const stored = await all("SELECT changes, toString(sent_from) AS s FROM trace_hops WHERE campaign = 'older'");
    expect(stored).toEqual([{ changes: ["ip.source.changed"], s: "::" }]);
  });
});
