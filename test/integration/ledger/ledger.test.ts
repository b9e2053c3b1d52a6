import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { openNamedSpool } from "../../../agent/lease/spool-identity.js";
import { createRowStore } from "../../../agent/lease/store.js";
import { sendLines } from "../../../agent/ledger/recorder.js";
import { connectBroker } from "../../../agent/publish/broker.js";
import { createPublisher } from "../../../agent/publish/publisher.js";
import { ensureStreams } from "../../../coordinator/broker/streams.js";
import { type Ingest, startIngest } from "../../../coordinator/ingest/ingest.js";
import { verifyLedger } from "../../../coordinator/ledger/verify.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { replyRow } from "../../agent/lease/rows.js";
import { startTestBroker, type TestBroker } from "../support/broker.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

let broker: TestBroker;
let agent: AgentIdentity;
let warehouse: TestWarehouse;
let ingest: Ingest;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parallax-ledger-"));
  [broker, warehouse] = await Promise.all([startTestBroker(), startTestWarehouse()]);
  agent = await broker.identity.enroll("fra-1", "fra");
  await migrate(warehouse.store, readMigrations("coordinator/store/sql"));
  await ensureStreams(broker.connection);
  const ids = ["all", "holes", "doubles", "lost", "gap", "files"];
  const rest = { state: "running", record: "", created_at: 0, updated_at: 0 };
  await warehouse.store.insertRows(
    "campaigns",
    ids.map((id) => ({ id, series: id, ...rest })),
  );
  ingest = await startIngest({
    connection: broker.connection,
    store: warehouse.store,
    concurrency: 4,
    report: () => undefined,
  });
});
afterAll(async () => {
  await ingest.stop();
  await broker.stop();
  await warehouse.stop();
  rmSync(folder, { recursive: true, force: true });
});

let lives = 0;

/** A life of an agent's spool: makes batches of `rows` rows each, and leaves when all is committed. */
async function live(spoolFolder: string, campaign: string, batches: readonly number[]): Promise<void> {
  lives++;
  const { spool, ledger } = await openNamedSpool({
    folder: join(folder, spoolFolder),
    maxBytes: 10_000_000,
    agent: "fra-1",
    uuid: () => crypto.randomUUID(),
    report: () => undefined,
  });
  const publisher = createPublisher({
    spool,
    connect: () => connectBroker(broker.broker.url, () => agent),
    vantage: "fra",
    agent: "fra-1",
    onCommitted: () => undefined,
    report: () => undefined,
    noticeTimeoutMs: 500,
  });
  const writer = createRowStore({
    agent: "fra-1",
    instance: `life ${lives}`,
    spool,
    publisher,
    onCut: () => undefined,
  });
  for (const rows of batches) {
    for (let i = 0; i < rows; i++) writer.append(campaign, { lease: "L1", epoch: 4 }, replyRow(i));
    writer.cut();
    await writer.drain();
  }
  await sendLines(ledger, spool, "fra-1");
  publisher.wake();
  for (const until = Date.now() + 20_000; spool.list().length > 0 && Date.now() < until; ) await sleep(20);
  expect(spool.list()).toEqual([]);
  await publisher.close();
}

const one = async (sql: string) => {
  for await (const row of warehouse.store.rows(sql)) return row;
  return null;
};

describe("the ledgers of a campaign", () => {
  it("agree with the tables when every batch is there once, over lives of the agent", async () => {
    await live("a", "all", [10, 20]);
    await live("a", "all", [5]);
    const report = await verifyLedger(warehouse.store, "all");
    expect(report).toMatchObject({
      ok: true,
      made: { batches: 3, rows: 35 },
      found: { batches: 3, rows: 35, rowsFinal: 35 },
      ledgers: [{ agent: "fra-1", lines: 3, gaps: 0 }],
      restarted: [],
    });
    expect(
      await one("SELECT uniqExact(sha256) AS n, any(leases) AS leases FROM ledger WHERE campaign = 'all'"),
    ).toEqual({
      n: 3,
      leases: ["L1@4"],
    });
  });

  it("show a batch that is not in the tables, and rows of one that are not", async () => {
    await live("b", "holes", [10, 20, 30]);
    await warehouse.store.command(
      "DELETE FROM syn_replies WHERE campaign = 'holes' AND batch IN (SELECT made FROM ledger WHERE campaign = 'holes' AND rows = 10)",
    );
    await warehouse.store.command("DELETE FROM syn_replies WHERE campaign = 'holes' AND row = 29");
    const report = await verifyLedger(warehouse.store, "holes");
    expect(report).toMatchObject({
      ok: false,
      missing: { batches: 2, rows: 11 },
      twice: { rows: 0 },
      unknown: { rows: 0 },
    });
    expect(report.missing.examples.map(({ made, found }) => [made, found]).sort()).toEqual([
      [10, 0],
      [30, 29],
    ]);
  });

  it("show rows that are there twice, although FINAL hides them", async () => {
    await live("c", "doubles", [10]);
    // Another insert without the token: what the tables must never see.
    await warehouse.store.command("SYSTEM STOP MERGES syn_replies");
    await warehouse.store.command(
      "INSERT INTO syn_replies SELECT * FROM syn_replies WHERE campaign = 'doubles' AND row < 4",
    );
    const report = await verifyLedger(warehouse.store, "doubles");
    await warehouse.store.command("SYSTEM START MERGES syn_replies");
    expect(report).toMatchObject({ ok: false, missing: { rows: 0 }, twice: { batches: 1, rows: 4, rowsFinal: 0 } });
  });

  it("show batches that nobody's ledger knows, and an agent that lost its ledger with its disk", async () => {
    await live("d", "lost", [10, 20]);
    await warehouse.store.command("DELETE FROM ledger WHERE campaign = 'lost'");
    await live("e", "lost", [5]);
    const report = await verifyLedger(warehouse.store, "lost");
    expect(report).toMatchObject({ ok: false, missing: { rows: 0 }, unknown: { batches: 2, rows: 30 }, restarted: [] });
    await live("f", "lost", [5]);
    expect(await verifyLedger(warehouse.store, "lost")).toMatchObject({ restarted: ["fra-1"] });
  });

  it("show lines that did not come", async () => {
    await live("g", "gap", [10, 20, 30]);
    await warehouse.store.command("DELETE FROM ledger WHERE campaign = 'gap' AND line = 1");
    const report = await verifyLedger(warehouse.store, "gap");
    expect(report).toMatchObject({ ok: false, ledgers: [{ lines: 2, gaps: 1 }], unknown: { batches: 1, rows: 20 } });
  });

  it("may come from the agents themselves", async () => {
    await live("h", "files", [10]);
    const line = { agent: "fra-1", ledger: "x", line: 0, batch: crypto.randomUUID(), table: "syn_replies", rows: 3 };
    const report = await verifyLedger(warehouse.store, "files", [{ ...line, leases: [] }]);
    expect(report).toMatchObject({ ok: false, made: { batches: 2, rows: 13 }, missing: { batches: 1, rows: 3 } });
  });
});
