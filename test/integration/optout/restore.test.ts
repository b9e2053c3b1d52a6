import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { NatsConnection } from "@nats-io/transport-node";
import pino from "pino";
import { createControl } from "../../../coordinator/control/control.js";
import { openOptOuts } from "../../../coordinator/optout/book.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { createOptOutStore } from "../../../coordinator/store/optout-store.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import { startBroker, type TestBroker } from "../control/nats.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

let broker: TestBroker;
let connection: NatsConnection;
let warehouse: TestWarehouse;
let revisions: number[];

beforeAll(async () => {
  broker = await startBroker();
  connection = await broker.connect();
  warehouse = await startTestWarehouse();
  await migrate(warehouse.store, readMigrations());
});
afterAll(async () => {
  await connection.close();
  await broker.stop();
  await warehouse.stop();
});

async function open() {
  revisions = [];
  return openOptOuts({
    control: await createControl(connection),
    store: createOptOutStore(warehouse.store),
    wallMs: () => 1_700_000_000_000,
    log: pino({ level: "silent" }),
    onChange: ({ revision }) => revisions.push(revision),
  });
}
const MANY = Array.from({ length: 1_200 }, (_, i) => ({
  prefix: parsePrefix(`198.${18 + (i >>> 8)}.${i & 255}.0/24`),
  reason: `line ${i}: "quoted", 'quoted'`,
}));

describe("the history of opt-outs", () => {
  it("is built again from the control state when the data base is lost, and the reverse", async () => {
    const book = await open();
    expect(await book.add({ entries: MANY, contact: "a@example.net", origin: "list" })).toEqual({
      revision: 3,
      added: 1_200,
      known: 0,
    });
    await book.withdraw(parsePrefix("198.18.7.0/24"), "mistake");
    expect(revisions).toEqual([3, 4]);
    const whole = book.list();
    expect([whole.length, book.current().prefixes.length]).toEqual([1_200, 1_199]);

    await warehouse.store.command("TRUNCATE TABLE optouts");
    expect((await open()).list()).toEqual(whole);
    for (let revision = 1; revision <= 4; revision++) {
      await (await createControl(connection)).remove(`optouts.${revision}`);
    }
    const again = await open();
    expect(
      again
        .list()
        .map(({ prefix }) => prefix)
        .sort(),
    ).toEqual(whole.map(({ prefix }) => prefix).sort());
    expect(again.current()).toEqual(book.current());
    expect((await again.add({ entries: MANY.slice(0, 8), contact: "b", origin: "x" })).added).toBe(1);
    await warehouse.store.command("TRUNCATE TABLE optouts");
    expect((await open()).current().revision).toBe(5);
  });
});
