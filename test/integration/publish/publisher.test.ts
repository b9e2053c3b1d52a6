import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DiscardPolicy, jetstream, jetstreamManager, StorageType } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { connectBroker } from "../../../agent/publish/broker.js";
import { createPublisher, type Publisher, type PublisherOptions } from "../../../agent/publish/publisher.js";
import type { SpoolMeta } from "../../../agent/spool/record.js";
import { openSpool, type Spool } from "../../../agent/spool/spool.js";
import { createTestIdentity } from "../support/identity.js";
import { createTestBroker, type TestBroker } from "./broker.js";

interface Received {
  readonly subject: string;
  readonly text: string;
  readonly attempt: string;
}

let broker: TestBroker;
let folder = "";
let spool: Spool;
let committed: string[] = [];
let problems: string[] = [];
const publishers: Publisher[] = [];
const connections: NatsConnection[] = [];

beforeEach(async () => {
  broker = await createTestBroker();
  await broker.start();
  folder = await mkdtemp(join(tmpdir(), "parallax-publish-"));
  spool = await openSpool({ folder, maxBytes: 10_000_000, report: (problem) => problems.push(problem) });
  committed = [];
  problems = [];
});

afterEach(async () => {
  await Promise.all(publishers.splice(0).map((publisher) => publisher.close()));
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
  await broker.remove();
  await rm(folder, { recursive: true });
});

function meta(batch: string): SpoolMeta {
  return { batch, campaign: "weekly-1", table: "syn_replies", rows: 1, leases: [{ lease: "l1", epoch: 1 }] };
}

function add(batch: string, text: string): Promise<void> {
  return spool.append(meta(batch), Buffer.from(text));
}

function publish(options: Partial<PublisherOptions> = {}): Publisher {
  const publisher = createPublisher({
    spool,
    connect: () => connectBroker(broker.url, () => broker.agent),
    vantage: "fra",
    agent: "fra-1",
    onCommitted: ({ batch }) => committed.push(batch),
    report: (problem) => problems.push(problem),
    retryMs: 50,
    ...options,
  });
  publishers.push(publisher);
  return publisher;
}

/** The side of the coordinator: a stream, what is in it, and commit notices. */
async function coordinator(maxBytes = -1) {
  const connection = await broker.connect();
  connections.push(connection);
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: "PARALLAX_ROWS",
    subjects: ["parallax.rows.>"],
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_bytes: maxBytes,
  });
  await manager.consumers.add("PARALLAX_ROWS", { durable_name: "ingest", ack_policy: "explicit" });
  const consumer = await jetstream(connection).consumers.get("PARALLAX_ROWS", "ingest");
  return {
    async next(): Promise<Received> {
      const message = await consumer.next({ expires: 5_000 });
      if (message === null) {
        throw new Error("no message within 5 s");
      }
      message.ack();
      return {
        subject: message.subject,
        text: Buffer.from(message.data).toString(),
        attempt: message.headers?.get("Parallax-Attempt") ?? "",
      };
    },
    async stored(): Promise<number> {
      return (await manager.streams.info("PARALLAX_ROWS")).state.messages;
    },
    purge: () => manager.streams.purge("PARALLAX_ROWS"),
    notice: (batch: string) => connection.publish("parallax.committed.fra-1", batch),
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 8_000; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) {
      throw new Error(`not within 8 s; problems: ${problems.join("; ")}`);
    }
  }
}

test("a batch goes to its subject as attempt 1 and stays in the spool until its notice", async () => {
  const server = await coordinator();
  const publisher = publish();
  await add("b1", "rows of b1");
  publisher.wake();
  expect(await server.next()).toEqual({
    subject: "parallax.rows.weekly-1.fra.fra-1",
    text: "rows of b1",
    attempt: "1",
  });
  expect(spool.list()).toHaveLength(1);
  server.notice("b1");
  await until(() => committed.length === 1);
  expect(spool.list()).toEqual([]);
  expect(publisher.stats()).toMatchObject({ connected: true, published: 1, republished: 0, committed: 1, inFlight: 0 });
});

test("a batch without a notice is published again, and one notice is enough", async () => {
  const server = await coordinator();
  const publisher = publish({ noticeTimeoutMs: 200 });
  await add("b1", "rows");
  publisher.wake();
  expect([(await server.next()).attempt, (await server.next()).attempt]).toEqual(["1", "2"]);
  server.notice("b1");
  server.notice("b1");
  server.notice("unknown");
  await until(() => spool.list().length === 0);
  await sleep(300);
  expect(committed).toEqual(["b1"]);
});

test("batches from before a restart are asked for first, and published as a repetition when nothing is said", async () => {
  const server = await coordinator();
  await add("b1", "rows");
  publish({ answerMs: 300 });
  const question = await server.next();
  expect(question).toMatchObject({ subject: "parallax.rows.weekly-1.fra.fra-1", attempt: "" });
  expect(JSON.parse(question.text)).toEqual({ batches: [{ batch: "b1", table: "syn_replies" }] });
  expect(await server.next()).toMatchObject({ text: "rows", attempt: "2" });
});

test("a batch whose notice came in the agent's absence is dropped upon the answer, without another publication", async () => {
  const server = await coordinator();
  await add("b1", "rows");
  const publisher = publish();
  await server.next();
  server.notice("b1");
  await until(() => committed.includes("b1"));
  expect(spool.list()).toEqual([]);
  expect(publisher.stats()).toMatchObject({ published: 0, republished: 0 });
});

test("a notice that was missed while the broker was away is asked for when it is back", async () => {
  const server = await coordinator();
  publish().wake();
  await add("b1", "rows");
  expect(await server.next()).toMatchObject({ text: "rows" });
  await broker.kill();
  await until(() => problems.includes("the broker is away"));
  await broker.start();
  const question = await server.next();
  expect(JSON.parse(question.text)).toEqual({ batches: [{ batch: "b1", table: "syn_replies" }] });
});

test("a batch that ingest buried is kept aside, published no more, and dropped when it is committed after all", async () => {
  const server = await coordinator();
  const buried: string[] = [];
  const publisher = publish({
    noticeTimeoutMs: 100,
    onBuried: ({ batch }, reason) => buried.push(`${batch}: ${reason}`),
  });
  await add("b1", "rows");
  publisher.wake();
  await server.next();
  server.notice("buried b1 no such column");
  await until(() => buried.length > 0);
  const { published } = publisher.stats();
  await sleep(1_500);
  expect(publisher.stats()).toMatchObject({ published, buried: 1 });
  expect(buried).toEqual(["b1: no such column"]);
  expect(spool.list()).toEqual([]);
  const later = await openSpool({ folder, maxBytes: 10_000_000, report: (problem) => problems.push(problem) });
  expect(later.aside().map(({ batch }) => batch)).toEqual(["b1"]);
  server.notice("b1");
  await until(() => committed.includes("b1"));
  expect(spool.aside()).toEqual([]);
});

test("batches made while the broker is away arrive when it is back", async () => {
  const server = await coordinator();
  const publisher = publish();
  await until(() => publisher.stats().connected);
  await broker.kill();
  await until(() => !publisher.stats().connected);
  for (const n of [1, 2, 3]) {
    await add(`b${n}`, `rows ${n}`);
    publisher.wake();
  }
  expect(publisher.stats().published).toBe(0);
  await broker.start();
  const texts = [await server.next(), await server.next(), await server.next()].map((message) => message.text);
  expect(texts.sort()).toEqual(["rows 1", "rows 2", "rows 3"]);
  expect(problems).toEqual(["the broker is away"]);
  for (const n of [1, 2, 3]) server.notice(`b${n}`);
  await until(() => committed.length === 3);
}, 20_000);

test("an agent that starts before the broker publishes once it is there", async () => {
  await broker.kill();
  const publisher = publish();
  await add("b1", "rows");
  publisher.wake();
  await until(() => problems.length > 0);
  await broker.start();
  await coordinator();
  await until(() => publisher.stats().published === 1);
});

test("a full stream takes nothing, loses nothing, and goes on when there is room", async () => {
  const server = await coordinator(1_000);
  const publisher = publish();
  for (const n of [1, 2, 3]) await add(`b${n}`, "x".repeat(400));
  publisher.wake();
  await until(() => publisher.stats().failed > 2);
  expect(await server.stored()).toBeLessThan(3);
  expect(spool.list()).toHaveLength(3);
  expect(problems).toEqual([expect.stringContaining("the broker did not take a batch")]);
  await server.purge();
  await until(() => publisher.stats().published === 3);
});

test("no more batches than the bound are without notice at a time", async () => {
  const server = await coordinator();
  const publisher = publish({ maxInFlight: 2 });
  for (const n of [1, 2, 3]) await add(`b${n}`, `rows ${n}`);
  publisher.wake();
  await until(() => publisher.stats().published === 2);
  await sleep(200);
  expect(await server.stored()).toBe(2);
  server.notice("b1");
  await until(() => publisher.stats().published === 3);
});

test("a broker that refuses the agent is told and does not end the publisher", async () => {
  const stranger = await createTestIdentity();
  let identity = { ...broker.agent, brokerJwt: (await stranger.enroll("fra-1", "fra")).brokerJwt };
  await coordinator();
  const publisher = publish({ connect: () => connectBroker(broker.url, () => identity) });
  await until(() => problems.length > 0);
  stranger.remove();
  identity = broker.agent;
  await until(() => publisher.stats().connected);
  expect(problems).toHaveLength(1);
});

test("closing ends within moments and leaves the spool as it is", async () => {
  await coordinator();
  const publisher = publish();
  await add("b1", "rows");
  publisher.wake();
  await until(() => publisher.stats().published === 1);
  const before = Date.now();
  await publisher.close();
  expect(Date.now() - before).toBeLessThan(1_000);
  expect(spool.list()).toEqual([meta("b1")]);
});
