import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { jetstream } from "@nats-io/jetstream";
import { ensureStreams } from "../../../coordinator/broker/streams.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { batchId, encodeBatch } from "../../../shared/batch/codec.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import { replyRow } from "../../agent/lease/rows.js";
import { startTestBroker, type TestBroker } from "../support/broker.js";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

const BATCHES = 60;
const ROWS = 50;

let broker: TestBroker;
let warehouse: TestWarehouse;
let folder: string;
const processes: ChildProcess[] = [];
const committed = new Set<string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parallax-ingest-"));
  [broker, warehouse] = await Promise.all([startTestBroker(), startTestWarehouse()]);
  await migrate(warehouse.store, readMigrations("coordinator/store/sql"));
  await ensureStreams(broker.connection);
  const campaign = { id: "c", series: "c", state: "running", record: "", created_at: 0, updated_at: 0 };
  await warehouse.store.insertRows("campaigns", [campaign]);
  writeFileSync(join(folder, "password"), `${TOKENS.writer}\n`);
  broker.connection.subscribe("parallax.committed.fra-1", {
    callback: (_, message) => void committed.add(message.string()),
  });
}, 60_000);
afterAll(async () => {
  for (const one of processes) one.kill("SIGKILL");
  await broker.stop();
  await warehouse.stop();
  rmSync(folder, { recursive: true, force: true });
});

function ingest(more: { nats?: string; options?: readonly string[] } = {}): {
  child: ChildProcess;
  ended: Promise<{ code: number | null; stderr: string }>;
} {
  const args = ["ingest", "--nats", more.nats ?? broker.broker.url, "--data", broker.identity.data];
  const store = ["--clickhouse", warehouse.warehouse.url, "--clickhouse-password-file", join(folder, "password")];
  const child = spawn(process.execPath, ["dist/coordinator/main.js", ...args, ...store, ...(more.options ?? [])], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  processes.push(child);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return { child, ended: new Promise((resolve) => child.once("exit", (code) => resolve({ code, stderr }))) };
}

function message(sequence: number): { id: string; bytes: Uint8Array } {
  const encoder = createBatchEncoder("syn_replies");
  for (let row = 0; row < ROWS; row++) encoder.append(replyRow(row));
  const id = batchId("fra-1", "c", sequence);
  return {
    id,
    bytes: encodeBatch({ batch: id, campaign: "c", table: "syn_replies", rows: ROWS, block: encoder.finish() }),
  };
}

it("two processes share the batches; one is killed, the rest comes to the other after a while", async () => {
  const [first, second] = [ingest(), ingest()];
  const ids: string[] = [];
  for (let sequence = 0; sequence < BATCHES; sequence++) {
    const { id, bytes } = message(sequence);
    ids.push(id);
    await jetstream(broker.connection).publish("parallax.rows.c.fra.fra-1", bytes);
    if (sequence === BATCHES / 2) {
      for (const until = Date.now() + 20_000; committed.size < 5 && Date.now() < until; ) await sleep(10);
      first.child.kill("SIGKILL");
    }
  }
  // What the killed one had in hand is delivered again after 30 s without acknowledgement.
  for (const until = Date.now() + 60_000; committed.size < BATCHES && Date.now() < until; ) await sleep(50);
  expect([...committed].sort()).toEqual(ids.sort());
  const rows = [];
  const sql = "SELECT count() AS n, uniqExact(batch, row) AS u FROM syn_replies WHERE campaign = 'c'";
  for await (const row of warehouse.store.rows(sql)) rows.push(row);
  expect(rows).toEqual([{ n: BATCHES * ROWS, u: BATCHES * ROWS }]);
  second.child.kill("SIGTERM");
  expect((await second.ended).code).toBe(0);
}, 120_000);

it.each([
  ["a broker that is not there", { nats: "nats://127.0.0.1:9" }, /no broker at nats:\/\/127\.0\.0\.1:9.*--nats/],
  ["tables that are not there", { options: ["--database", "nowhere"] }, /the tables at http.*--clickhouse/],
])("%s is one line that names the option", async (_what, options, line) => {
  const { code, stderr } = await ingest(options).ended;
  expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 1, lines: 1 });
  expect(stderr).toMatch(line);
});
