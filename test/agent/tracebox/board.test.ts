import { describe, expect, it } from "@jest/globals";
import { attachTraceBoard, createTraceBoard, msSince, stampOf } from "../../../agent/tracebox/board.js";

const SHAPE = { variants: 3, maxTtl: 32 };

describe("the board of traces", () => {
  it("has bounded memory, whatever the number of targets", () => {
    expect(createTraceBoard(0, 2 ** 40, SHAPE).memory.byteLength).toBeLessThanOrEqual(17 << 20);
    expect(createTraceBoard(0, 2 ** 40, { variants: 4, maxTtl: 63 }).memory.byteLength).toBeLessThanOrEqual(17 << 20);
    expect(createTraceBoard(0, 3, SHAPE).memory.byteLength).toBeLessThan(5000);
  });

  it("shows the other half what was written, at indices beyond 32 bits too", () => {
    const from = 2 ** 33 + 5;
    const board = createTraceBoard(from, from + 20, SHAPE);
    const other = attachTraceBoard(board.memory, SHAPE);
    expect(other.capacity).toBe(board.capacity);
    const trace = board.placeOf(from + 19) * 3 + 2;
    other.sentAt[trace * other.ttls + 32] = 77;
    board.answeredHigh[trace] = 1;
    board.sharedHops[1] = 4;
    expect([board.sentAt[trace * board.ttls + 32], other.answeredHigh[trace], other.sharedHops[1]]).toEqual([77, 1, 4]);
    expect(other.progress()).toEqual({ sent: from, done: from, packets: 0, skipped: 0 });
  });

  it("empties exactly the places it is told to, around the end of its memory", () => {
    const board = createTraceBoard(0, 1000, { variants: 2, maxTtl: 5 });
    const { capacity } = board;
    for (const words of [board.answeredLow, board.final, board.shows, board.distance, board.sentAt]) words.fill(9);
    board.clear(capacity - 2, capacity + 3);
    const emptied = [capacity - 2, capacity - 1, 0, 1, 2];
    for (let place = 0; place < capacity; place++) {
      const expected = emptied.includes(place) ? 0 : 9;
      for (const trace of [place * 2, place * 2 + 1]) {
        expect([board.answeredLow[trace], board.final[trace], board.shows[trace]]).toEqual([
          expected,
          expected,
          expected,
        ]);
        expect([...board.sentAt.subarray(trace * board.ttls, (trace + 1) * board.ttls)]).toEqual(
          Array(board.ttls).fill(expected),
        );
      }
      expect(board.distance[place]).toBe(expected);
    }
  });

  it("tells how long ago a stamp was, over the end of its range, and never takes 0 for a time", () => {
    for (let ms = 1_700_000_000_000; ms < 1_700_000_000_000 + 70_000; ms += 61) {
      expect(stampOf(ms)).toBeGreaterThan(0);
      expect(stampOf(ms)).toBeLessThan(65_536);
      expect(msSince(stampOf(ms), ms + 59_000)).toBe(59_000);
      expect(msSince(stampOf(ms), ms - 4_000)).toBe(-4_000);
    }
  });
});
