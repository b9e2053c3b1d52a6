import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { ControlConflict } from "../../../coordinator/control/conflict.js";
import { type Control, createControl } from "../../../coordinator/control/control.js";
import { startBroker, type TestBroker } from "./nats.js";

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

/** Longer than one message, with characters of one to four bytes. */
const LONG = "aß€😀".repeat(150_000);

describe("a log of the control state", () => {
  it("gives back its last base and what was appended since, whole however long", async () => {
    const log = await control.openLog("sources.a.x");
    expect(log.found).toEqual([]);
    await log.append(log.entry("old base", true), false);
    await log.append(log.entry("old change", false), false);
    await log.append(log.entry(LONG, true), false);
    await log.append(log.entry("change", false), false);
    await log.append(log.entry("", false), false);

    const { found } = await control.openLog("sources.a.x");
    expect(found[0] === LONG).toBe(true);
    expect(found.slice(1)).toEqual(["change", ""]);
    expect((await control.openLog("sources.a")).found).toEqual([]);
    expect((await control.openLog("sources.a.y")).found).toEqual([]);
  });

  it("lets in one writer only, also the one that opened it last", async () => {
    const first = await control.openLog("sources.b");
    await first.append(first.entry("1", true), false);
    const second = await control.openLog("sources.b");
    await second.append(second.entry("2", true), false);

    await expect(first.append(first.entry("x", false), false)).rejects.toThrow(ControlConflict);
    await expect(first.append(first.entry("x", true), true)).rejects.toThrow(/changed by another coordinator/);
    await second.append(second.entry("3", false), false);
    expect((await control.openLog("sources.b")).found).toEqual(["2", "3"]);
  });

  it("takes an entry that may have got through once only", async () => {
    const log = await control.openLog("sources.c");
    const entry = log.entry("base", true);
    await log.append(entry, false);
    entry.stored = 0;
    await log.append(entry, true);
    await log.append(log.entry("change", false), true);

    expect((await control.openLog("sources.c")).found).toEqual(["base", "change"]);
  });

  it("takes what was not written to its end as never written", async () => {
    const log = await control.openLog("sources.d");
    await log.append(log.entry("base", true), false);
    const half = log.entry(LONG, true);
    const [start = new Uint8Array()] = half.parts;
    // As a coordinator that was killed behind its first part.
    await connection.request("parallax.control.sources.d", start, {
      timeout: 2_000,
      headers: partHeader(`x 0 ${half.parts.length}`),
    });

    const again = await control.openLog("sources.d");
    expect(half.parts.length).toBeGreaterThan(1);
    expect(again.found).toEqual(["base"]);
    await again.append(again.entry("new base", true), false);
    await again.append(again.entry("change", false), false);
    expect((await control.openLog("sources.d")).found).toEqual(["new base", "change"]);
  });
});

function partHeader(value: string) {
  const head = headers();
  head.set("Parallax-Part", value);
  head.set("Parallax-Base", "1");
  return head;
}
