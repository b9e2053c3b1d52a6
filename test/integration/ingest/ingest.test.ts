import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { ensureStreams } from "../../../coordinator/broker/streams.js";
import { type DeadLetter, listDead, type Replayed, replayDead } from "../../../coordinator/ingest/dead.js";
import { type Ingest, startIngest } from "../../../coordinator/ingest/ingest.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { parseAddress } from "../../../shared/address/address.js";
import { batchId, encodeBatch } from "../../../shared/batch/codec.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import { ASK_HEADER, encodeAsk } from "../../../shared/batch/notice.js";
import type { FactTable } from "../../../shared/batch/tables.js";
import { Batch } from "../../../shared/generated/parallax/batch/v1/batch.js";
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
  await campaigns("one", "again", "mine", "killed", "later", "older", "asked", "stopped");
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

/** Makes campaigns known to the database. */
async function campaigns(...ids: string[]): Promise<void> {
  await warehouse.store.insertRows(
    "campaigns",
    ids.map((id) => ({ id, series: id, state: "running", record: "", created_at: 0, updated_at: 0 })),
  );
}

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

async function until(what: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error("did not come to pass in time");
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
    await until(settled);
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

  it("holds nothing back when it is stopped: the next one has all of it long before the broker's ack wait", async () => {
    const ids = Array.from({ length: 150 }, (_, sequence) => batch("stopped", sequence));
    for (const { message } of ids) await publish("stopped", message);
    const committed = () => ids.filter(({ id }) => notices.includes(id)).length;
    for (let life = 0; life < 8; life++) {
      const before = committed();
      await start();
      await until(() => committed() > before);
      await ingest?.stop();
    }
    expect(committed()).toBeLessThan(ids.length);

    await start();
    // Held back, they would come after 30 s.
    await until(() => committed() === ids.length, 20_000);
    await ingest?.stop();
    expect(
      await read("SELECT count() AS n, uniqExact(batch, row) AS u FROM syn_replies WHERE campaign = 'stopped'"),
    ).toEqual([{ n: 1_500, u: 1_500 }]);
  }, 60_000);

  it("answers an agent that asks which of its batches are committed", async () => {
    await start();
    const [first, second] = [batch("asked", 1), batch("asked", 2)];
    await publish("asked", first.message);
    await until(() => notices.includes(first.id));
    const header = headers();
    header.set(ASK_HEADER, "1");
    const question = encodeAsk([first, second].map(({ id }) => ({ batch: id, table: "syn_replies" })));
    await jetstream(broker.connection).publish("parallax.rows.asked.fra.fra-80", question, { headers: header });
    await until(() => notices.filter((notice) => notice === first.id).length === 2);
    await until(settled);
    expect(notices).not.toContain(second.id);
  });
});

describe("dead letters", () => {
  const letters = async () => {
    const found: DeadLetter[] = [];
    for await (const letter of listDead(broker.connection)) found.push(letter);
    return found;
  };
  const replay = async (id: string | null) => {
    const found: Replayed[] = [];
    for await (const one of replayDead(broker.connection, id, 5_000)) found.push(one);
    return found;
  };

  it("name the campaign that is not there; back in ingest when it is, the batch is committed and no letter any more", async () => {
    await start();
    const { id, message } = batch("nowhere", 1);
    await publish("nowhere", message);
    await until(() => notices.some((notice) => notice.startsWith(`buried ${id} `)));
    expect(problems.at(-1)).toMatch(/parallax\.rows\.nowhere\.fra\.fra-80 .*there is no campaign nowhere.*dead list/);
    expect((await letters()).find(({ batch: one }) => one === id)).toMatchObject({
      ...{ batch: id, table: "syn_replies", rows: 10 },
      ...{ subject: "parallax.rows.nowhere.fra.fra-80", reason: "there is no campaign nowhere in this database" },
    });
    expect(await replay(id)).toMatchObject([{ outcome: "buried again" }]);
    expect((await letters()).filter(({ batch: one }) => one === id)).toHaveLength(1);

    await campaigns("nowhere");
    expect(await replay(id)).toMatchObject([{ batch: id, outcome: "committed" }]);
    expect((await letters()).filter(({ batch: one }) => one === id)).toEqual([]);
    expect(await read("SELECT count() AS n FROM syn_replies WHERE campaign = 'nowhere'")).toEqual([{ n: 10 }]);
  });

  it("name a row layout that this version does not know, and whose batch it is", async () => {
    await start();
    const { id, message } = batch("later", 7);
    const { schema: _, ...fields } = Batch.decode(message);
    await publish("later", Batch.encode({ ...fields, schema: 99 }).finish());
    await until(() => notices.some((notice) => notice.startsWith(`buried ${id} `)));
    const letter = (await letters()).find(({ batch: one }) => one === id);
    expect(letter?.reason).toMatch(/has row layout 99; this version reads 1 to \d+/);
  });

  it("take the rows of an older layout, whose columns are fewer", async () => {
    await start();
    const { id, message } = batch("older", 1);
    await publish("older", Batch.encode({ ...Batch.decode(message), schema: 1 }).finish());
    await until(() => notices.includes(id));
  });

  it("hold a message that comes again and again once", async () => {
    await start();
    const before = (await letters()).length;
    for (let i = 0; i < 3; i++) await publish("mine", Buffer.from("the same nonsense"));
    await until(settled);
    expect(await letters()).toHaveLength(before + 1);
  });

  it("are told to the agent, which asks no more of a batch whose rows are nonsense", async () => {
    await start();
    const { id, message } = batch("mine", 9);
    const fields = Batch.decode(message);
    // The header of the block stays; its columns end in the middle.
    await publish("mine", Batch.encode({ ...fields, block: fields.block.subarray(0, 60) }).finish());
    await until(() => notices.some((notice) => notice.startsWith(`buried ${id} `)));
  });
});
