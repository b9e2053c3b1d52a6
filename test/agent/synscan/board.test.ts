import { describe, expect, it } from "@jest/globals";
import { STOPPED } from "../../../agent/sender/board.js";
import { attachScanBoard, createScanBoard, SKIPPED } from "../../../agent/synscan/board.js";

describe("scan board", () => {
  it("needs no more memory for four thousand million indices than for ten million", () => {
    expect(createScanBoard(0, 2 ** 32).memory.byteLength).toBe(createScanBoard(0, 1e7).memory.byteLength);
    expect(createScanBoard(7, 17).memory.byteLength).toBeLessThan(2000);
  });

  it("shows the other half what was written, at indices beyond 32 bits too", () => {
    const from = 2 ** 33 + 5;
    const board = createScanBoard(from, from + 100);
    const other = attachScanBoard(board.memory);
    expect(other.progress()).toEqual({ sent: from, done: from, packets: 0, skipped: 0 });
    expect([other.mark(from + 3, 2), other.mark(from + 3, 6), board.marks(from + 3)]).toEqual([0, 2, 6]);
    other.allowUntil(1234.9);
    other.stop();
    expect([board.allowedUntil(), board.settled()]).toEqual([STOPPED, from]);
  });

  it("keeps an endless gate endless", () => {
    const board = createScanBoard(0, 1);
    board.allowUntil(Number.POSITIVE_INFINITY);
    expect(board.allowedUntil()).toBeGreaterThan(1e15);
  });

  it("empties exactly the places it is told to, around the end of its memory", () => {
    const board = createScanBoard(1000, 2000);
    expect(board.capacity).toBe(1024);
    for (let index = 1000; index < 2000; index++) board.mark(index, 1);
    board.clear(1010, 1030);
    const marked = Array.from({ length: 1000 }, (_, i) => 1000 + i).filter((index) => board.marks(index) === 1);
    expect(marked).toHaveLength(980);
    expect([board.marks(1009), board.marks(1010), board.marks(1029), board.marks(1030)]).toEqual([1, 0, 0, 1]);
  });

  it("tells how many indices in a row have no mark, around the end of its memory", () => {
    const board = createScanBoard(1000, 2000);
    expect(board.unmarked(1000, 2000)).toBe(1000);
    board.mark(1030, 4);
    board.mark(1500, SKIPPED);
    expect([board.unmarked(1010, 2000), board.unmarked(1010, 1030), board.unmarked(1010, 1015)]).toEqual([20, 20, 5]);
    expect([board.unmarked(1030, 2000), board.unmarked(1031, 2000), board.unmarked(1501, 2000)]).toEqual([0, 469, 499]);
  });
});
