import { describe, expect, test } from "@jest/globals";
import { createAdmission } from "../../../agent/lease/admission.js";
import { createLeaseBook } from "../../../agent/lease/book.js";
import type { ProbeJob, ProbeRun } from "../../../agent/lease/engine.js";
import { createTrouble } from "../../../agent/lease/trouble.js";
import { type CutBatch, createBatchWriter, type LeaseRef } from "../../../agent/lease/writer.js";
import { UserError } from "../../../shared/errors.js";
import type { WorkGrant, WorkPlan } from "../../../shared/lease/work.js";
import { createTarget } from "../../../shared/target/source.js";
import { replyRow } from "./rows.js";

const PLAN: WorkPlan = {
  plan: "c1/synscan/v6/80",
  campaign: "c1",
  stage: "synscan",
  secret: new Uint8Array(16),
  ports: [80],
  variants: ["v1", "plain"],
  options: "linux",
  packetsPerSecond: 1_000,
  retries: 1,
  replyWindowMs: 10,
  maxTtl: 0,
  perPrefix: null,
  routerPacketsPerSecond: null,
  timing: null,
  source: { kind: "list", size: 1_000 },
};

function grant(lease: string, from: number, to: number): WorkGrant {
  const targets = Array.from({ length: to - from }, (_, i) => {
    const address = new Uint8Array(16);
    new DataView(address.buffer).setUint32(12, from + i);
    address[0] = 0x20;
    return { address, port: 80 };
  });
  return { lease, epoch: 7, plan: PLAN.plan, from, to, targets };
}

interface FakeRun extends ProbeRun {
  sent: number;
  done: number;
  stopped: boolean;
  /** What the gate said each time that it moved. */
  gates: number[];
  job: ProbeJob;
  finish(error?: Error): void;
}

function bookWith(options: { left?: { batch: string; leases: LeaseRef[] }[]; forbidden?: string } = {}) {
  const runs: FakeRun[] = [];
  const refusals: [string, string][] = [];
  const stored: CutBatch[] = [];
  const trouble = createTrouble({ warn: () => undefined, info: () => undefined });
  const gate = { open: true, spoolFull: false };
  let number = 0;
  const writer = createBatchWriter({
    createEncoder: () => {
      let rows = 0;
      return {
        append: () => void rows++,
        get rows() {
          return rows;
        },
        full: false,
        finish() {
          rows = 0;
          return new Uint8Array();
        },
      };
    },
    nextBatchId: () => `b${++number}`,
    onCut: (batch) => book.batchCut(batch),
    async store(batch) {
      if (gate.spoolFull) {
        throw new Error("spool full");
      }
      stored.push(batch);
    },
  });
  const book = createLeaseBook({
    admission: createAdmission({
      ports: () => null,
      ranges: () => null,
      targets: () => options.forbidden ?? null,
      leftOut: [],
    }),
    startProbing(job) {
      let settle: { resolve: () => void; reject: (error: Error) => void } = { resolve() {}, reject() {} };
      const run: FakeRun = {
        sent: job.from,
        done: job.from,
        stopped: false,
        gates: [],
        job,
        gateMoved() {
          run.gates.push(job.allowedUntil());
        },
        stop() {
          run.stopped = true;
        },
        finished: new Promise((resolve, reject) => {
          settle = { resolve, reject };
        }),
        finish: (error) => (error === undefined ? settle.resolve() : settle.reject(error)),
      };
      runs.push(run);
      return run;
    },
    writer,
    allowedUntil: () => (gate.open ? 1_000 : 0),
    refuse: ({ lease }, reason) => refusals.push([lease, reason]),
    report: () => undefined,
    trouble,
    left: options.left ?? [],
  });
  const run = (i: number): FakeRun => {
    const found = runs[i];
    if (found === undefined) {
      throw new Error(`no run ${i}`);
    }
    return found;
  };
  const listed = (sequence = 1) =>
    book.marks(sequence).map(({ lease, sent, done, committed }) => [lease, sent, done, committed]);
  book.plan(PLAN);
  return { book, run, runs, refusals, stored, gate, listed, trouble };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the lease book", () => {
  test("starts a granted shard once, with its own targets", () => {
    const { book, runs, run, listed } = bookWith();
    book.grant(grant("L1", 100, 110));
    book.grant(grant("L1", 100, 110));
    expect(runs).toHaveLength(1);
    const target = createTarget();
    run(0).job.source.targetAt(105, target);
    expect([target.address[15], target.port]).toEqual([105, 80]);
    expect(listed()).toEqual([["L1", 100, 100, 100]]);
  });

  test("reports done only when the rows are in the spool, committed only when the warehouse has them", async () => {
    const { book, run, stored, listed } = bookWith();
    book.grant(grant("L1", 0, 10));
    run(0).job.emit(replyRow(3));
    run(0).sent = 10;
    run(0).done = 5;
    expect(listed()).toEqual([["L1", 10, 0, 0]]);
    await book.checkpoint();
    expect(stored).toHaveLength(1);
    expect(listed()).toEqual([["L1", 10, 5, 0]]);
    run(0).done = 10;
    await book.checkpoint();
    expect(listed()).toEqual([["L1", 10, 10, 0]]);
    book.batchCommitted("b1");
    expect(listed()).toEqual([["L1", 10, 10, 10]]);
  });

  test("lists a finished lease until a heartbeat that says so is acknowledged", async () => {
    const { book, run, listed } = bookWith();
    book.grant(grant("L1", 0, 10));
    run(0).sent = run(0).done = 10;
    expect(listed(4)).toHaveLength(1);
    await book.checkpoint();
    book.heartbeatAcknowledged(4);
    expect(listed(5)).toEqual([["L1", 10, 10, 10]]);
    book.heartbeatAcknowledged(4);
    expect(listed(6)).toHaveLength(1);
    book.heartbeatAcknowledged(5);
    expect(listed(7)).toEqual([]);
  });

  test("moves no mark while the spool takes no batch, and all of them when it does", async () => {
    const { book, run, gate, listed } = bookWith();
    book.grant(grant("L1", 0, 10));
    run(0).job.emit(replyRow(1));
    run(0).sent = run(0).done = 4;
    gate.spoolFull = true;
    await expect(book.checkpoint()).rejects.toThrow("spool full");
    run(0).job.emit(replyRow(5));
    run(0).sent = run(0).done = 6;
    await expect(book.checkpoint()).rejects.toThrow("spool full");
    expect(listed()).toEqual([["L1", 6, 0, 0]]);
    gate.spoolFull = false;
    await book.checkpoint();
    book.batchCommitted("b1");
    expect(listed()).toEqual([["L1", 6, 6, 4]]);
    book.batchCommitted("b2");
    expect(listed()).toEqual([["L1", 6, 6, 6]]);
  });

  test("a lease that is asked back sends nothing, and says where it ends once its reply windows are over and its rows safe", async () => {
    const { book, run } = bookWith();
    book.grant(grant("L1", 0, 10));
    run(0).job.emit(replyRow(1));
    run(0).sent = 8;
    run(0).done = 3;
    book.yield("L1");
    expect([run(0).stopped, run(0).job.allowedUntil()]).toEqual([true, 0]);
    await book.checkpoint();
    expect(book.marks(1)).toEqual([{ lease: "L1", epoch: 7, sent: 8, done: 3, committed: 0 }]);

    run(0).done = 6;
    run(0).finish();
    await turn();
    await book.checkpoint();
    expect(book.marks(2)).toEqual([{ lease: "L1", epoch: 7, sent: 8, done: 6, committed: 0, endsAt: 6 }]);
    book.batchCommitted("b1");
    expect(book.marks(3)).toMatchObject([{ committed: 6, endsAt: 6 }]);
    book.heartbeatAcknowledged(2);
    expect(book.marks(4)).toHaveLength(1);
    book.heartbeatAcknowledged(3);
    expect(book.marks(5)).toEqual([]);
  });

  test("a revoked lease sends nothing, keeps its rows, and is listed until they are committed", async () => {
    const { book, run, stored, listed } = bookWith();
    book.grant(grant("L1", 0, 10));
    expect(run(0).job.allowedUntil()).toBe(1_000);
    run(0).job.emit(replyRow(1));
    book.revoke("L1", "expired");
    expect([run(0).stopped, run(0).job.allowedUntil()]).toEqual([true, 0]);
    run(0).job.emit(replyRow(2));
    run(0).finish();
    await turn();
    await book.checkpoint();
    expect(stored.map(({ rows }) => rows)).toEqual([2]);
    expect(listed()).toHaveLength(1);
    book.batchCommitted("b1");
    expect(listed()).toEqual([]);
  });

  test("shuts the gate of every lease with the fence", () => {
    const { book, run, gate } = bookWith();
    book.grant(grant("L1", 0, 10));
    book.grant(grant("L2", 10, 20));
    gate.open = false;
    expect([run(0).job.allowedUntil(), run(1).job.allowedUntil()]).toEqual([0, 0]);
  });

  test("tells its runs at once that their campaign is paused, and that it is not", () => {
    const { book, run } = bookWith();
    book.grant(grant("L1", 0, 10));
    const { campaign } = PLAN;
    book.pause(campaign, true);
    book.pause(campaign, false);
    book.pause(campaign, true);
    book.forgetPauses();
    expect(run(0).gates).toEqual([0, 1_000, 0, 1_000]);
  });

  test("lists leases of an earlier life until their batches are committed", () => {
    const old = { lease: "old", epoch: 3 };
    const { book, listed } = bookWith({
      left: [
        { batch: "x", leases: [old] },
        { batch: "y", leases: [old, { lease: "older", epoch: 2 }] },
      ],
    });
    expect(listed()).toEqual([
      ["old", 0, 0, 0],
      ["older", 0, 0, 0],
    ]);
    book.batchCommitted("y");
    expect(listed()).toEqual([["old", 0, 0, 0]]);
    book.batchCommitted("x");
    expect(listed()).toEqual([]);
  });

  test("refuses what its own file forbids, naming why, and does not list it", () => {
    const { book, runs, refusals, listed } = bookWith({ forbidden: "10.0.0.1 is private" });
    book.grant(grant("L1", 0, 10));
    expect(refusals).toEqual([["L1", "10.0.0.1 is private"]]);
    expect(runs).toHaveLength(0);
    expect(listed()).toEqual([]);
  });

  test.each([
    ["without its plan", { plan: "c2/synscan/v4/80" }, /plan c2.* was not sent/],
    ["with too few targets", { targets: [] }, /0 targets/],
    ["past the source's end", { from: 995, to: 1_005 }, /past the source's size 1000/],
  ])("refuses a grant %s", (_what, change, reason) => {
    const { book, refusals } = bookWith();
    const from = "from" in change ? change.from : 0;
    book.grant({ ...grant("L1", from, from + 10), ...change });
    expect(refusals[0]?.[1]).toMatch(reason);
  });

  test("gives a lease back when its engine fails, and goes on with the others", async () => {
    const { book, run, refusals, listed } = bookWith();
    book.grant(grant("L1", 0, 10));
    book.grant(grant("L2", 10, 20));
    run(0).finish(new Error("the interface is down"));
    await turn();
    expect(refusals).toEqual([["L1", "probing failed: the interface is down"]]);
    expect(listed()).toEqual([["L2", 10, 10, 10]]);
  });

  test("says what a stage's engine failed of, and what to do, until a lease of the stage ends well", async () => {
    const { book, run, refusals, trouble } = bookWith();
    book.grant(grant("L1", 0, 10));
    run(0).finish(new UserError("the kernel answers", { remedy: "load the rule" }));
    await turn();
    const reason = "probing failed: the kernel answers; load the rule";
    expect(refusals).toEqual([["L1", reason]]);
    expect(trouble.summary).toBe(`synscan: ${reason}`);
    book.grant(grant("L2", 10, 20));
    run(1).finish();
    await turn();
    expect(trouble.summary).toBe("");
  });

  test("once stopping, shuts every gate, takes no grant, and waits for the reply windows", async () => {
    const { book, run, runs } = bookWith();
    book.grant(grant("L1", 0, 10));
    let over = false;
    const stopped = book.stop().then(() => {
      over = true;
    });
    book.grant(grant("L2", 10, 20));
    await turn();
    expect([runs.length, run(0).stopped, run(0).job.allowedUntil(), over]).toEqual([1, true, 0, false]);
    run(0).finish();
    await stopped;
    expect(book.running).toBe(0);
  });
});
