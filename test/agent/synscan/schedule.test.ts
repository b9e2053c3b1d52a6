import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { chunkIndices, createSchedule } from "../../../agent/synscan/schedule.js";

describe("schedule of a SYN scan", () => {
  it("sends every index once, the incomplete ones `retries` times again, and never moves `done` past an open window", () => {
    fc.assert(
      fc.property(
        fc.record({
          from: fc.nat(1000),
          count: fc.integer({ min: 1, max: 80 }),
          size: fc.integer({ min: 1, max: 50 }),
          retries: fc.nat(3),
          sendMs: fc.integer({ min: 1, max: 30 }),
          answered: fc.func(fc.boolean()),
        }),
        ({ from, count, size, retries, sendMs, answered }) => {
          const to = from + count;
          const replyWindowMs = 100;
          const isComplete = (index: number): boolean => answered(index);
          const schedule = createSchedule({ from, to, retries, replyWindowMs, isComplete });
          const sends = new Map<number, number>();
          const lastSentMs = new Map<number, number>();
          let nowMs = 0;
          for (let guard = 0; schedule.done < to && guard < 100_000; guard++) {
            const pass = schedule.next(nowMs, size);
            for (let index = from; index < schedule.done; index++) {
              const openMs = nowMs - (lastSentMs.get(index) ?? Number.NaN);
              if (!isComplete(index) && !(openMs >= replyWindowMs)) throw new Error(`${index} is done too early`);
            }
            nowMs += sendMs;
            if (pass === null) continue;
            expect(pass.to - pass.from).toBeLessThanOrEqual(size);
            for (let index = pass.from; index < pass.to; index++) {
              if (pass.number > 0 && isComplete(index)) continue;
              sends.set(index, (sends.get(index) ?? 0) + 1);
              lastSentMs.set(index, nowMs);
            }
            schedule.sent(pass, nowMs);
          }
          expect(schedule.done).toBe(to);
          for (let index = from; index < to; index++)
            expect(sends.get(index)).toBe(isComplete(index) ? 1 : 1 + retries);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("does not wait for a chunk that has all its answers", () => {
    const answered = { all: false };
    const schedule = createSchedule({ from: 0, to: 5, retries: 3, replyWindowMs: 100, isComplete: () => answered.all });
    const pass = schedule.next(0, 10);
    if (pass === null) throw new Error("nothing to send");
    schedule.sent(pass, 1);
    expect([schedule.next(2, 10), schedule.done]).toEqual([null, 0]);
    answered.all = true;
    expect([schedule.next(3, 10), schedule.done]).toEqual([null, 5]);
  });

  it("sends a retry before a new chunk", () => {
    const schedule = createSchedule({ from: 0, to: 30, retries: 1, replyWindowMs: 100, isComplete: () => false });
    const first = schedule.next(0, 10);
    if (first === null) throw new Error("nothing to send");
    schedule.sent(first, 5);
    expect(schedule.next(50, 10)).toMatchObject({ from: 10, number: 0 });
    expect(schedule.next(105, 10)).toEqual({ from: 0, to: 10, number: 1 });
  });

  it("makes chunks that take a fifth of a second, within bounds", () => {
    expect(chunkIndices(10_000, 4)).toBe(500);
    expect(chunkIndices(10, 4)).toBe(16);
    expect(chunkIndices(10_000_000, 1)).toBe(16_384);
  });
});
