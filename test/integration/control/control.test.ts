import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { NatsConnection } from "@nats-io/transport-node";
import { createCell } from "../../../coordinator/control/cell.js";
import { ControlConflict } from "../../../coordinator/control/conflict.js";
import { type Codec, type Control, createControl, keyToken } from "../../../coordinator/control/control.js";
import { startBroker, type TestBroker } from "./nats.js";

const codec: Codec<string> = { encode: (value) => value, decode: (text) => text };
let broker: TestBroker;
let connection: NatsConnection;
let control: Control;

beforeAll(async () => {
  broker = await startBroker();
  connection = await broker.connect();
  control = await createControl(connection);
});

afterAll(async () => {
  await connection.close();
  await broker.stop();
});

describe("the control state", () => {
  it("keeps documents by key and lists those of a prefix", async () => {
    const source = `sources.weekly-1.${keyToken("synscan/v4/80+443/us-east-1")}`;
    await control.create("campaigns.a", codec, "A");
    await control.create(source, codec, "S");

    expect(await control.load("campaigns.a", codec)).toMatchObject({ value: "A" });
    expect(await control.load("campaigns.b", codec)).toBeNull();
    expect((await control.list("campaigns", codec)).map(({ key, value }) => [key, value])).toEqual([
      ["campaigns.a", "A"],
    ]);
    expect((await control.list("sources.weekly-1", codec)).map(({ key }) => key)).toEqual([source]);
    expect(await control.list("nothing", codec)).toEqual([]);
  });

  it("lets only the holder of the present revision write", async () => {
    const first = await control.create("campaigns.cas", codec, "1");
    const second = await control.update("campaigns.cas", codec, "2", first);

    await expect(control.update("campaigns.cas", codec, "x", first)).rejects.toThrow(ControlConflict);
    await expect(control.create("campaigns.cas", codec, "x")).rejects.toThrow(/changed by another coordinator/);
    await control.update("campaigns.cas", codec, "3", second);
    expect((await control.load("campaigns.cas", codec))?.value).toBe("3");
  });

  it("forgets what is removed", async () => {
    await control.create("campaigns.gone", codec, "1");
    await control.remove("campaigns.gone");

    expect(await control.load("campaigns.gone", codec)).toBeNull();
    expect((await control.list("campaigns", codec)).map(({ value }) => value)).not.toContain("1");
  });

  it("is still there after the broker was killed", async () => {
    await control.create("campaigns.durable", codec, "kept");
    await broker.kill();
    await broker.start();
    const again = await broker.connect();
    const reopened = await createControl(again);

    expect((await reopened.load("campaigns.durable", codec))?.value).toBe("kept");
    await again.close();
    while (!(await connection.rtt().then(Boolean, () => false))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});

describe("a cell of the control state", () => {
  const conflicts: ControlConflict[] = [];
  const open = (key: string, revision: number) =>
    createCell({ control, key, codec, revision, onConflict: (error) => conflicts.push(error) });

  it("puts saves that come while it writes into one write, and resolves each when a value as new is stored", async () => {
    const cell = open("cells.shared", 0);
    const saves = Array.from({ length: 200 }, (_, i) => cell.save(`value ${i}`));
    await saves[0];
    await Promise.all(saves);
    const stored = await control.load("cells.shared", codec);

    expect(stored?.value).toBe("value 199");
    await cell.save("after");
    expect((await control.load("cells.shared", codec))?.revision).toBe((stored?.revision ?? 0) + 1);
  });

  it("goes on when the broker comes back", async () => {
    const cell = open("cells.patient", 0);
    await cell.save("1");
    await broker.kill();
    const save = cell.save("2");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await broker.start();
    await save;

    expect((await control.load("cells.patient", codec))?.value).toBe("2");
  }, 30_000);

  it("stops for good when somebody else has written", async () => {
    const cell = open("cells.contested", 0);
    await cell.save("mine");
    const found = await control.load("cells.contested", codec);
    await control.update("cells.contested", codec, "theirs", found?.revision ?? 0);

    await expect(cell.save("mine again")).rejects.toThrow(ControlConflict);
    await expect(cell.save("and again")).rejects.toThrow(ControlConflict);
    expect(conflicts).toHaveLength(1);
    expect((await control.load("cells.contested", codec))?.value).toBe("theirs");
  });

  it("rejects what it has not saved when it is closed", async () => {
    const cell = open("cells.closed", 0);
    await cell.save("1");
    await broker.kill();
    const save = cell.save("2");
    save.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    cell.close();
    await broker.start();

    await expect(save).rejects.toThrow("is closed");
  }, 30_000);
});
