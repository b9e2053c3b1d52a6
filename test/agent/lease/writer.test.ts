import { describe, expect, test } from "@jest/globals";
import { type CutBatch, createBatchWriter } from "../../../agent/lease/writer.js";
import { hopRow, replyRow } from "./rows.js";

function writerInto(store: (batch: CutBatch) => Promise<void>, rowsPerBatch = 3) {
  const cut: CutBatch[] = [];
  let number = 0;
  const writer = createBatchWriter({
    createEncoder: () => {
      let indices: number[] = [];
      return {
        append: (row) => indices.push(row.index),
        get rows() {
          return indices.length;
        },
        get full() {
          return indices.length >= rowsPerBatch;
        },
        finish() {
          const block = Uint8Array.from(indices);
          indices = [];
          return block;
        },
      };
    },
    nextBatchId: () => `batch ${++number}`,
    store,
    onCut: (batch) => cut.push(batch),
  });
  return { writer, cut };
}

const L1 = { lease: "L1", epoch: 5 };
const L2 = { lease: "L2", epoch: 6 };

describe("the batch writer", () => {
  test("keeps campaigns and tables apart, and names the leases of each batch once", async () => {
    const stored: CutBatch[] = [];
    const { writer } = writerInto(async (batch) => void stored.push(batch), 100);
    writer.append("one", L1, replyRow(1));
    writer.append("one", L2, replyRow(2));
    writer.append("one", L1, replyRow(3));
    writer.append("two", L1, replyRow(4));
    writer.append("one", L1, hopRow(5));
    writer.cut();
    await writer.drain();
    expect(stored.map(({ campaign, table, rows, leases }) => ({ campaign, table, rows, leases }))).toEqual([
      { campaign: "one", table: "syn_replies", rows: 3, leases: [L1, L2] },
      { campaign: "two", table: "syn_replies", rows: 1, leases: [L1] },
      { campaign: "one", table: "trace_hops", rows: 1, leases: [L1] },
    ]);
    expect(stored.map(({ block }) => [...block])).toEqual([[1, 2, 3], [4], [5]]);
  });

  test("cuts a full batch at once, and the next one knows nothing of its leases", async () => {
    const { writer, cut } = writerInto(async () => undefined, 2);
    writer.append("one", L1, replyRow(1));
    writer.append("one", L1, replyRow(2));
    expect(cut).toHaveLength(1);
    writer.append("one", L2, replyRow(3));
    writer.cut();
    expect(cut.map(({ leases }) => leases)).toEqual([[L1], [L2]]);
    await writer.drain();
    expect(writer.waiting).toBe(0);
  });

  test("cuts nothing where there is no row", () => {
    const { writer, cut } = writerInto(async () => undefined);
    writer.append("one", L1, replyRow(1));
    writer.cut();
    writer.cut();
    writer.cut();
    expect(cut).toHaveLength(1);
  });

  test("keeps batches that the spool does not take, in order, and stores each once when it does", async () => {
    const stored: string[] = [];
    let full = true;
    const { writer } = writerInto(async ({ batch }) => {
      if (full) {
        throw new Error("spool full");
      }
      stored.push(batch);
    }, 1);
    writer.append("one", L1, replyRow(1));
    writer.append("one", L1, replyRow(2));
    await expect(writer.drain()).rejects.toThrow("spool full");
    expect(writer.waiting).toBe(2);
    full = false;
    writer.append("one", L1, replyRow(3));
    await writer.drain();
    expect(stored).toEqual(["batch 1", "batch 2", "batch 3"]);
    expect(writer.waiting).toBe(0);
  });

  test("draining waits for batches cut while it was under way, and never stores two at a time", async () => {
    let storing = 0;
    let most = 0;
    const stored: string[] = [];
    const { writer } = writerInto(async ({ batch }) => {
      most = Math.max(most, ++storing);
      await new Promise((resolve) => setTimeout(resolve, 2));
      storing -= 1;
      stored.push(batch);
    }, 1);
    writer.append("one", L1, replyRow(1));
    const first = writer.drain();
    await new Promise((resolve) => setTimeout(resolve, 1));
    writer.append("one", L1, replyRow(2));
    await Promise.all([first, writer.drain()]);
    expect(stored).toEqual(["batch 1", "batch 2"]);
    expect(most).toBe(1);
  });
});
