import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "@jest/globals";
import { ownRules } from "../../../../agent/cli/allowed.js";
import { beginScan } from "../../../../agent/cli/scan/begin.js";
import { readCheckpoint } from "../../../../agent/cli/scan/checkpoint.js";
import { createKeeper } from "../../../../agent/cli/scan/keeper.js";
import { scanRequest } from "../../../../agent/cli/scan/request.js";
import type { LineSink } from "../../../../agent/cli/scan-output/sink.js";
import { scanArguments } from "./arguments.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-keeper-"));
afterAll(() => rmSync(folder, { recursive: true }));

const rules = join(folder, "agent.yaml");
writeFileSync(rules, "open: [198.18.0.0/15]\n");

/** A scan of 256 targets, whose output takes its time to flush. */
async function keeperOf(name: string, onFlush: () => Promise<void>, outputFile: string | null = "out.json") {
  const begun = await beginScan(scanRequest(scanArguments(["198.18.0.0/24"])), ownRules(rules), 0);
  const progress = { sent: 10, done: 5 };
  const sink: LineSink = {
    write: () => undefined,
    isFull: false,
    writtenBytes: 77,
    flush: onFlush,
    failed: new Promise(() => undefined),
    close: () => Promise.resolve(),
  };
  const file = join(folder, name);
  const keeper = createKeeper({
    ...{ file, begun, outputFile, sink },
    progress: () => [{ ...progress }],
    totals: () => begun.totals,
  });
  return { keeper, file, progress, begun };
}

describe("the keeper of checkpoints", () => {
  it("calls over only what was so before the rows were flushed", async () => {
    let moveOn: () => void = () => undefined;
    const { keeper, file, progress } = await keeperOf("order", async () => moveOn());
    // What is over by then may have rows that the flush did not see.
    moveOn = () => {
      progress.sent = 200;
      progress.done = 150;
    };
    await keeper.save();
    const checkpoint = await readCheckpoint(file);
    expect(checkpoint?.intervals).toEqual([{ source: "synscan/v4/80", from: 0, to: 256, sent: 10, done: 5 }]);
    expect(checkpoint?.outputBytes).toBe(77);
  });

  it("leaves the last checkpoint when the rows cannot be written", async () => {
    let broken = false;
    const { keeper, file, progress } = await keeperOf("broken", async () => {
      if (broken) throw new Error("disk full");
    });
    await keeper.save();
    broken = true;
    progress.done = 9;
    await expect(keeper.save()).rejects.toThrow("disk full");
    expect((await readCheckpoint(file))?.intervals[0]?.done).toBe(5);
  });

  it("knows no length of an output that is no file", async () => {
    const { keeper, file } = await keeperOf("stdout", () => Promise.resolve(), null);
    await keeper.save();
    expect((await readCheckpoint(file))?.outputBytes).toBeNull();
  });

  it("saves once a second, however long a save takes, until it is told to end", async () => {
    let saves = 0;
    const { keeper } = await keeperOf("often", async () => {
      saves++;
      await sleep(300);
    });
    const over = new AbortController();
    const keeping = keeper.keep(over.signal);
    await sleep(2600);
    over.abort();
    await keeping;
    expect(saves).toBe(2);
  });
});
