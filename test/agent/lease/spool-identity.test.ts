import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openNamedSpool } from "../../../agent/lease/spool-identity.js";
import { UserError } from "../../../shared/errors.js";

let folder = "";
let names = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parallax-spool-"));
  names = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const name = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const open = (agent = "fra-1") =>
  openNamedSpool({ folder, maxBytes: 1_000_000, agent, uuid: () => name(++names), report: () => undefined });

describe("the name of a spool", () => {
  test("is made with the folder and stays", async () => {
    expect((await open()).name).toBe(name(1));
    expect((await open()).name).toBe(name(1));
  });

  // With the first batch its ledger gets a name of its own, the second one.
  test("changes when a batch is found damaged, once", async () => {
    const { spool } = await open();
    const meta = { batch: "b", campaign: "c", table: "syn_replies", rows: 1, leases: [] };
    await spool.append(meta, new Uint8Array(100));
    const file = (await readdir(folder)).find((name) => name.endsWith(".batch")) ?? "";
    await writeFile(join(folder, file), "torn");
    expect((await open()).name).toBe(name(3));
    expect((await open()).name).toBe(name(3));
  });

  test("changes at the next start when a batch was found damaged while the agent ran", async () => {
    const { spool } = await open();
    await spool.append({ batch: "b", campaign: "c", table: "syn_replies", rows: 1, leases: [] }, new Uint8Array(100));
    const file = (await readdir(folder)).find((name) => name.endsWith(".batch")) ?? "";
    await writeFile(join(folder, file), "torn");
    expect(await spool.read("b")).toBeNull();
    expect((await open()).name).toBe(name(3));
  });

  test("belongs to one agent: another one is told so", async () => {
    await open("fra-1");
    const other = open("ams-1");
    await expect(other).rejects.toThrow(/is the spool of the agent fra-1, not of ams-1/);
    await expect(other).rejects.toBeInstanceOf(UserError);
  });

  test("in a folder that cannot be written is one clear error", async () => {
    await writeFile(join(folder, "file"), "");
    const under = openNamedSpool({
      folder: join(folder, "file", "spool"),
      maxBytes: 1_000_000,
      agent: "fra-1",
      uuid: () => "name",
      report: () => undefined,
    });
    await expect(under).rejects.toThrow(/spool\.folder: .* cannot be used: ENOTDIR/);
  });
});
