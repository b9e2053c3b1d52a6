import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createMarkTracker } from "../../../agent/lease/marks.js";

describe("the marks of a lease", () => {
  test("done follows the snapshot only when its batches are stored", () => {
    const marks = createMarkTracker(100);
    marks.batchCut("a");
    marks.snapshot(150);
    expect(marks.done).toBe(100);
    marks.stored();
    expect([marks.done, marks.committed]).toEqual([150, 100]);
  });

  test("committed follows when every batch up to there is committed, in whatever order", () => {
    const marks = createMarkTracker(0);
    marks.batchCut("a");
    marks.snapshot(10);
    marks.batchCut("b");
    marks.snapshot(20);
    marks.stored();
    marks.batchCommitted("b");
    expect(marks.committed).toBe(0);
    marks.batchCommitted("a");
    expect(marks.committed).toBe(20);
    expect(marks.waiting).toBe(false);
  });

  test("a batch holds back the snapshots from its own on, not those before it", () => {
    const marks = createMarkTracker(0);
    marks.batchCut("a");
    marks.snapshot(10);
    marks.batchCut("b");
    marks.snapshot(20);
    marks.stored();
    marks.batchCommitted("a");
    expect(marks.committed).toBe(10);
  });

  test("silence is committed as soon as it is done", () => {
    const marks = createMarkTracker(0);
    marks.snapshot(1_000);
    marks.stored();
    expect(marks.committed).toBe(1_000);
  });

  test("a batch committed before the snapshot was stored counts once it is", () => {
    const marks = createMarkTracker(0);
    marks.batchCut("a");
    marks.snapshot(10);
    marks.batchCommitted("a");
    expect(marks.committed).toBe(0);
    marks.stored();
    expect(marks.committed).toBe(10);
  });

  test("a batch cut while nothing was over holds back the next snapshot, not the last", () => {
    const marks = createMarkTracker(0);
    marks.snapshot(10);
    marks.stored();
    marks.batchCut("early rows of index 10 and more");
    marks.snapshot(10);
    marks.stored();
    expect([marks.done, marks.committed, marks.waiting]).toEqual([10, 10, true]);
    marks.snapshot(20);
    marks.stored();
    expect([marks.done, marks.committed]).toEqual([20, 10]);
  });

  test("from <= committed <= done, neither goes back, and all is committed in the end", () => {
    const step = fc.oneof(
      fc.constant({ kind: "cut" } as const),
      fc.record({ kind: fc.constant("snapshot" as const), by: fc.nat(5) }),
      fc.constant({ kind: "stored" } as const),
      fc.record({ kind: fc.constant("commit" as const), which: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const marks = createMarkTracker(50);
        const uncommitted: string[] = [];
        let [number, upTo, done, committed] = [0, 50, 50, 50];
        const check = (): void => {
          expect(marks.done).toBeGreaterThanOrEqual(done);
          expect(marks.committed).toBeGreaterThanOrEqual(committed);
          expect(marks.committed).toBeLessThanOrEqual(marks.done);
          expect(marks.done).toBeLessThanOrEqual(upTo);
          [done, committed] = [marks.done, marks.committed];
        };
        for (const one of steps) {
          switch (one.kind) {
            case "cut":
              uncommitted.push(`batch ${++number}`);
              marks.batchCut(`batch ${number}`);
              break;
            case "snapshot":
              upTo += one.by;
              marks.snapshot(upTo);
              break;
            case "stored":
              marks.stored();
              break;
            case "commit": {
              const [batch] = uncommitted.splice(one.which % Math.max(1, uncommitted.length), 1);
              marks.batchCommitted(batch ?? "unknown");
              break;
            }
          }
          check();
        }
        marks.stored();
        for (const batch of uncommitted) {
          marks.batchCommitted(batch);
        }
        check();
        expect([marks.done, marks.committed, marks.waiting]).toEqual([upTo, upTo, false]);
      }),
    );
  });
});
