import { describe, expect, it } from "@jest/globals";
import { createTraceBoard, stampOf } from "../../../agent/tracebox/board.js";
import { createTraceBook } from "../../../agent/tracebox/book.js";

const NOW_MS = 1_700_000_000_000;
const ROUTER = { isFinal: false, tellsTtl: true, isTarget: false, replyTtl: 250, rttUs: 10_000 };
const TARGET = { isFinal: true, tellsTtl: true, isTarget: true, replyTtl: 57, rttUs: 10_000 };

/** The only trace of a board; `sentMs` by TTL, before NOW_MS. */
function bookOf(sentMs: Readonly<Record<number, number>>) {
  const board = createTraceBoard(0, 1, { variants: 1, maxTtl: 12 });
  for (const [ttl, ms] of Object.entries(sentMs)) board.sentAt[Number(ttl)] = stampOf(NOW_MS - ms);
  return { board, book: createTraceBook(board, { variants: ["v1"], maxTtl: 12, replyWindowMs: 400 }) };
}

describe("the receiver's book of traces", () => {
  it("takes the first answer to a probe that was sent, up to the end of the path", () => {
    const { book } = bookOf({ 3: 50, 5: 40, 6: 30, 12: 20 });
    expect([2, 3, 5, 12, 13, 0].map((ttl) => book.isOpen(0, ttl))).toEqual([false, true, true, true, false, false]);
    book.answered(0, 3, ROUTER);
    book.answered(0, 5, TARGET);
    expect([3, 5, 6, 12].map((ttl) => book.isOpen(0, ttl))).toEqual([false, false, false, false]);
  });

  it.each([
    ["64, as Linux has it", 57, 8],
    ["128, as Windows has it", 121, 8],
    ["255, as routers have it", 250, 6],
    ["32", 32, 1],
    ["64 from the next machine", 64, 1],
  ])("takes the distance from a TTL that began at %s", (_name, replyTtl, hops) => {
    const { board, book } = bookOf({ 12: 20 });
    book.answered(0, 12, { ...TARGET, replyTtl });
    expect(board.distance[0]).toBe(hops);
  });

  it("takes no distance from somebody else's answer, and none beyond the highest TTL", () => {
    const { board, book } = bookOf({ 11: 20, 12: 20 });
    book.answered(0, 12, { ...TARGET, isTarget: false });
    expect(board.distance[0]).toBe(0);
    book.answered(0, 11, { ...TARGET, replyTtl: 200 });
    expect(board.distance[0]).toBe(12);
  });

  it("gives an answer without a TTL to the probe that was sent as long ago as answers take", () => {
    const { book } = bookOf({ 3: 400, 4: 210, 5: 110, 6: 11 });
    book.answered(0, 3, { ...ROUTER, rttUs: 100_000 });
    expect(book.guessTtl(0, false, NOW_MS * 1000)).toBe(5);
  });

  it("looks for the end of a path behind every router that answered", () => {
    const { book } = bookOf({ 2: 10, 4: 300, 5: 200 });
    book.answered(0, 4, ROUTER);
    expect(book.guessTtl(0, false, NOW_MS * 1000)).toBe(2);
    expect(book.guessTtl(0, true, NOW_MS * 1000)).toBe(5);
  });

  it("knows nothing to give it to where every probe is answered", () => {
    const { book } = bookOf({ 4: 300 });
    book.answered(0, 4, ROUTER);
    expect(book.guessTtl(0, true, NOW_MS * 1000)).toBe(0);
  });

  it("makes a target whose answers tell no TTL be asked slowly", () => {
    const { board, book } = bookOf({ 12: 20 });
    book.answered(0, 12, { ...TARGET, tellsTtl: false, rttUs: 120_000 });
    expect(board.pauseMs[0]).toBeGreaterThan(240);
    expect(board.pauseMs[0]).toBeLessThan(400);
  });

  it("tells the time of an answer by what it brings back, else by the last attempt", () => {
    const { board, book } = bookOf({ 4: 30 });
    const capturedUs = NOW_MS * 1000 + 250;
    const last = { sentMs: NOW_MS - 30, rttUs: 30_250 };
    expect(book.timesOf(0, 4, null, capturedUs)).toEqual({ ...last, isOwnTime: false });
    expect(book.timesOf(0, 4, (NOW_MS - 30) % 2 ** 26, capturedUs)).toEqual({ ...last, isOwnTime: true });
    expect(book.timesOf(0, 4, (NOW_MS - 500) % 2 ** 26, capturedUs).isOwnTime).toBe(false);
    board.retried[0] = 1;
    expect(book.timesOf(0, 4, (NOW_MS - 500) % 2 ** 26, capturedUs)).toEqual({
      sentMs: NOW_MS - 500,
      rttUs: 500_250,
      isOwnTime: true,
    });
    // Read late: the probe was sent again before its answer was looked at.
    const earlierUs = (NOW_MS - 450) * 1000;
    expect(book.timesOf(0, 4, (NOW_MS - 455) % 2 ** 26, earlierUs)).toEqual({
      sentMs: NOW_MS - 455,
      rttUs: 5_000,
      isOwnTime: true,
    });
    // No attempt had such a time: a box has changed it.
    for (const ms of [NOW_MS - 29, NOW_MS - 31, NOW_MS - 300, NOW_MS + 5_000_000]) {
      expect(book.timesOf(0, 4, ms % 2 ** 26, capturedUs)).toEqual({ ...last, isOwnTime: false });
    }
  });
});
