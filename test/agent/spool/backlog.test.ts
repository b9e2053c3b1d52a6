import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { readBacklog } from "../../../agent/spool/backlog.js";
import { openSpool } from "../../../agent/spool/spool.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parallax-backlog-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const UUID = (i: number) => `00000000-0000-4000-8000-00000000000${i}`;
const meta = (i: number) => ({ batch: UUID(i), campaign: "c", table: "syn_replies", rows: 10 * i, leases: [] });

describe("what lies in a spool", () => {
  it("is nothing where no agent has run", async () => {
    const none = { waiting: 0, buried: 0, damaged: 0, oldestMs: null };
    expect(await readBacklog(join(folder, "none"))).toEqual(none);
  });

  it("is told alike by the spool itself and by who looks from outside", async () => {
    let nowMs = 1_000;
    const spool = await openSpool({ folder, maxBytes: 1e6, report: () => undefined, nowMs: () => nowMs });
    await spool.append(meta(1), new Uint8Array(100));
    nowMs = 5_000;
    await spool.append(meta(2), new Uint8Array(100));
    await spool.append(meta(3), new Uint8Array(100));
    expect(spool.facts()).toMatchObject({ waiting: 3, buried: 0, damaged: 0, oldestMs: 1_000, storedRows: 60 });
    expect(spool.facts().storedBytes).toBe(spool.bytes);
    await spool.setAside(UUID(1));
    expect(spool.facts()).toMatchObject({ waiting: 2, buried: 1, oldestMs: 5_000 });
    expect(await readBacklog(folder)).toMatchObject({ waiting: 2, buried: 1, damaged: 0 });
    await spool.remove(UUID(1));
    await spool.remove(UUID(2));
    await spool.remove(UUID(3));
    // What was stored stays counted.
    expect(spool.facts()).toMatchObject({ bytes: 0, waiting: 0, buried: 0, oldestMs: null, storedRows: 60 });
  });

  it("keeps its age over the agent's lives", async () => {
    const first = await openSpool({ folder, maxBytes: 1e6, report: () => undefined });
    await first.append(meta(1), new Uint8Array(100));
    const file = join(folder, `000000000001-${UUID(1)}.batch`);
    utimesSync(file, 7, 7);
    const again = await openSpool({ folder, maxBytes: 1e6, report: () => undefined });
    expect(again.facts()).toMatchObject({ waiting: 1, oldestMs: 7_000, storedRows: 0 });
    expect((await readBacklog(folder)).oldestMs).toBe(7_000);
  });

  it("has damaged batches apart", async () => {
    writeFileSync(join(folder, `000000000001-${UUID(1)}.batch`), "nonsense");
    const spool = await openSpool({ folder, maxBytes: 1e6, report: () => undefined });
    expect(spool.facts()).toMatchObject({ waiting: 0, damaged: 1 });
    expect(await readBacklog(folder)).toMatchObject({ waiting: 0, damaged: 1 });
  });
});
