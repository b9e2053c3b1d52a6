import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { DEAD_STREAM, ensureStreams } from "../../../coordinator/broker/streams.js";
import { type Ingest, type IngestOptions, startIngest } from "../../../coordinator/ingest/ingest.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { createStore } from "../../../coordinator/store/store.js";
import { batchId, encodeBatch } from "../../../shared/batch/codec.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import { replyRow } from "../../agent/lease/rows.js";
import { startTestBroker, type TestBroker } from "../support/broker.js";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

const ROWS = 2_000;
const BATCHES = 8;

let broker: TestBroker;
let ingest: Ingest | null = null;
let warehouse: TestWarehouse;
/** A disk of its own for the warehouse. */
let disk: string;
const committed = new Set<string>();

beforeAll(async () => {
  disk = mkdtempSync(join(tmpdir(), "parallax-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256m", "parallax-test", disk]);
  [broker, warehouse] = await Promise.all([startTestBroker(), startTestWarehouse({ folder: join(disk, "warehouse") })]);
  await migrate(warehouse.store, readMigrations("coordinator/store/sql"));
  await ensureStreams(broker.connection);
  broker.connection.subscribe("parallax.committed.fra-1", {
    callback: (_, message) => void committed.add(message.string()),
  });
}, 60_000);
afterEach(async () => {
  await ingest?.stop();
  ingest = null;
});
afterAll(async () => {
  await broker.stop();
  await warehouse.stop();
  execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true, force: true });
});

async function publish(campaign: string): Promise<string[]> {
  const row = { id: campaign, series: campaign, state: "running", record: "", created_at: 0, updated_at: 0 };
  await warehouse.store.insertRows("campaigns", [row]);
  const ids: string[] = [];
  for (let sequence = 0; sequence < BATCHES; sequence++) {
    const encoder = createBatchEncoder("syn_replies");
    for (let index = 0; index < ROWS; index++) encoder.append(replyRow(index));
    const batch = batchId("fra-1", campaign, sequence);
    ids.push(batch);
    const message = encodeBatch({ batch, campaign, table: "syn_replies", rows: ROWS, block: encoder.finish() });
    await jetstream(broker.connection).publish(`parallax.rows.${campaign}.fra.fra-1`, message);
  }
  return ids;
}

async function start(store: IngestOptions["store"], problems: string[]): Promise<void> {
  const report = (problem: string): void => void problems.push(problem);
  ingest = await startIngest({ connection: broker.connection, store, concurrency: 2, retryMs: 100, report });
}

async function until(what: () => boolean, withinMs = 40_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !what(); await sleep(50)) {
    if (Date.now() > deadline) throw new Error("did not come to pass in time");
  }
}

async function rowsOf(campaign: string): Promise<Readonly<Record<string, unknown>>> {
  const sql = `SELECT count() AS n, uniqExact(batch, row) AS u FROM syn_replies WHERE campaign = '${campaign}'`;
  for await (const row of warehouse.store.rows(sql)) return row;
  return {};
}

async function deadLetters(): Promise<number> {
  return (await (await jetstreamManager(broker.connection)).streams.info(DEAD_STREAM)).state.messages;
}

const ALL = { n: ROWS * BATCHES, u: ROWS * BATCHES };

describe("what keeps rows out of the tables for a while", () => {
  it("a full disk: one line says to make room, no batch is a dead letter, and then all are there once", async () => {
    const problems: string[] = [];
    const { bavail, bsize } = statfsSync(disk);
    const filler = join(disk, "filler");
    const ids = await publish("full");
    writeFileSync(filler, Buffer.alloc(bavail * bsize - 64 * 1024));
    await start(warehouse.store, problems);
    await until(() => problems.length > 0);
    // Long enough for many tries.
    await sleep(1_000);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^[^\n]*agents keep what they send[^\n]*; its disk is full: make room on it$/);
    expect(ids.some((id) => committed.has(id))).toBe(false);

    rmSync(filler);
    await until(() => ids.every((id) => committed.has(id)));
    expect(await rowsOf("full")).toEqual(ALL);
    expect(await deadLetters()).toBe(0);
  }, 90_000);

  it("a user that may only read: one line says so, no batch is a dead letter, and then all are there once", async () => {
    const problems: string[] = [];
    const { url } = warehouse.warehouse;
    const reader = createStore({ url, username: "parallax", password: TOKENS.reader, database: "parallax" });
    let writable = false;
    const ids = await publish("readonly");
    await start(
      {
        ...warehouse.store,
        insertBlock: (...block) => (writable ? warehouse.store : reader).insertBlock(...block),
      },
      problems,
    );
    await until(() => problems.length > 0);
    await sleep(1_000);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^[^\n]*; it takes no rows from this user[^\n]*$/);
    expect(ids.some((id) => committed.has(id))).toBe(false);

    writable = true;
    await until(() => ids.every((id) => committed.has(id)));
    await reader.close();
    expect(await rowsOf("readonly")).toEqual(ALL);
    expect(await deadLetters()).toBe(0);
  }, 90_000);
});
