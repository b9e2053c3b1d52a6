import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { ensureStreams } from "../../../coordinator/broker/streams.js";
import { type Ingest, startIngest } from "../../../coordinator/ingest/ingest.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { parseAddress } from "../../../shared/address/address.js";
import { batchId, encodeBatch } from "../../../shared/batch/codec.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import type { FactTable } from "../../../shared/batch/tables.js";
import { startTestBroker, type TestBroker } from "../support/broker.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

let broker: TestBroker;
let warehouse: TestWarehouse;
let ingest: Ingest | null = null;
const notices: string[] = [];
const problems: string[] = [];

beforeAll(async () => {
  [broker, warehouse] = await Promise.all([startTestBroker(), startTestWarehouse()]);
  await migrate(warehouse.store, readMigrations("coordinator/store/sql"));
  await ensureStreams(broker.connection);
  broker.connection.subscribe("parallax.committed.fra-80", {
    callback: (_, message) => {
      notices.push(message.string());
    },
  });
}, 60_000);
afterEach(async () => {
  await ingest?.stop();
  ingest = null;
});
afterAll(async () => {
  await broker.stop();
  await warehouse.stop();
});

async function start(): Promise<void> {
  ingest = await startIngest({
    connection: broker.connection,
    store: warehouse.store,
    concurrency: 4,
    retryMs: 100,
    report: (problem) => problems.push(problem),
  });
}

/** A batch of `rows` replies of one campaign. */
function batch(campaign: string, sequence: number, rows = 10, table: FactTable = "syn_replies") {
  const encoder = createBatchEncoder("syn_replies");
  for (let index = 0; index < rows; index++) {
    encoder.append({
      table: "syn_replies",
      source: "synscan/v4/80",
      index,
      target: parseAddress("198.18.0.1"),
      port: 80,
      variant: "plain",
      verdict: "plain",
      receivedAtUs: 1_700_000_000_000_000,
      rttUs: 1,
      responder: parseAddress("198.18.0.1"),
      ttl: 64,
      tcpFlags: 0x12,
      window: 1,
      receiverKey: null,
      options: new Uint8Array(),
      icmpType: 0,
      icmpCode: 0,
      quote: new Uint8Array(),
    });
  }
  const id = batchId("fra-80", campaign, sequence);
  return { id, message: encodeBatch({ batch: id, campaign, table, rows, block: encoder.finish() }) };
}

async function publish(campaign: string, message: Uint8Array, attempt = 1): Promise<void> {
  const header = headers();
  header.set("Parallax-Attempt", String(attempt));
  await jetstream(broker.connection).publish(`parallax.rows.${campaign}.fra.fra-80`, message, { headers: header });
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error("did not come to pass within 20 s");
    await sleep(50);
  }
}

async function read(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = [];
  for await (const row of warehouse.store.rows(sql)) rows.push(row);
  return rows;
}

const settled = async () => {
  const manager = await jetstreamManager(broker.connection);
  return (await manager.streams.info("PARALLAX_ROWS")).state.messages === 0;
};

describe("ingest", () => {
  it("puts a batch into its table with what the subject says, and tells the agent", async () => {
    await start();
    const { id, message } = batch("one", 1);
    await publish("one", message);
    await until(() => notices.includes(id));
    const sql =
      "SELECT campaign, vantage, agent, batch, count() AS n FROM syn_replies WHERE campaign = 'one' GROUP BY ALL";
    expect(await read(sql)).toEqual([{ campaign: "one", vantage: "fra", agent: "fra-80", batch: id, n: 10 }]);
    await until(settled);
  });

  it("inserts a batch that is published again only once, and tells the agent again", async () => {
    await start();
    const { id, message } = batch("again", 1);
    await publish("again", message);
    await until(() => notices.includes(id));
    // Another batch in between: the deduplication token alone would also have to remember the first one.
    await publish("again", batch("again", 2).message);
    await publish("again", message, 2);
    await until(() => notices.filter((notice) => notice === id).length === 2);
    expect(
      await read("SELECT count() AS n, uniqExact(batch, row) AS u FROM syn_replies WHERE campaign = 'again'"),
    ).toEqual([{ n: 20, u: 20 }]);
    expect(ingest?.stats().duplicates).toBe(1);
  });

  it("puts aside, with the reason, what can never be inserted, and goes on", async () => {
    await start();
    const { message } = batch("other", 1);
    await publish("mine", message);
    await publish("mine", Buffer.from("no batch at all"));
    await publish("mine", batch("mine", 1, 10, "trace_hops").message);
    const good = batch("mine", 2);
    await publish("mine", good.message);
    await until(() => notices.includes(good.id));
    await until(() => ingest?.stats().dead === 3);
    expect(await read("SELECT DISTINCT campaign FROM syn_replies WHERE campaign IN ('mine', 'other')")).toEqual([
      { campaign: "mine" },
    ]);
    const manager = await jetstreamManager(broker.connection);
    expect((await manager.streams.info("PARALLAX_DEAD")).state.messages).toBe(3);
    const first = await manager.streams.getMessage("PARALLAX_DEAD", { seq: 1 });
    expect(first?.header.get("Parallax-Reason")).toContain("other");
    await until(settled);
  });

  it("loses nothing and repeats nothing when the warehouse is killed under it", async () => {
    await start();
    const ids: string[] = [];
    for (let sequence = 0; sequence < 40; sequence++) {
      const { id, message } = batch("killed", sequence, 100);
      ids.push(id);
      await publish("killed", message);
      const pid = warehouse.warehouse.pid();
      if (sequence === 20 && pid !== undefined) process.kill(pid, "SIGKILL");
    }
    await until(() => ids.every((id) => notices.includes(id)));
    expect(
      await read("SELECT count() AS n, uniqExact(batch, row) AS u FROM syn_replies WHERE campaign = 'killed'"),
    ).toEqual([{ n: 4_000, u: 4_000 }]);
  }, 60_000);

  it("takes up what an earlier one left", async () => {
    const { id, message } = batch("later", 1);
    await publish("later", message);
    await start();
    await until(() => notices.includes(id));
    expect(await read("SELECT count() AS n FROM syn_replies WHERE campaign = 'later'")).toEqual([{ n: 10 }]);
  });
});
