import { describe, expect, it } from "@jest/globals";
import { createTraceBoard } from "../../../agent/tracebox/board.js";
import { createHopPace } from "../../../agent/tracebox/hop-pace.js";
import { createRouterWatch } from "../../../agent/tracebox/router-watch.js";
import { parseAddress } from "../../../shared/address/address.js";

const newBoard = () => createTraceBoard(0, 10, { variants: 1, maxTtl: 32 });
const router = (number: number): Uint8Array => parseAddress(`192.0.2.${number}`);

describe("the watch over routers", () => {
  it("lets a TTL have no more than one router's rate until it is known who answers", () => {
    const board = newBoard();
    createRouterWatch(board, { routerPacketsPerSecond: 500, everyHop: false });
    expect([board.hopRates[1], board.hopRates[20]]).toEqual([500, 500]);
  });

  it("lets a TTL have the more the more routers share it", () => {
    const board = newBoard();
    const watch = createRouterWatch(board, { routerPacketsPerSecond: 500, everyHop: false });
    for (let i = 0; i < 640; i++) {
      watch.answered(0, 1, router(1));
      watch.answered(0, 5, router(i % 8));
      watch.answered(0, 6, router(i % 4 === 0 ? i % 7 : 9));
    }
    expect(board.hopRates[1]).toBe(500);
    expect(board.hopRates[5]).toBeCloseTo(4000, 0);
    // Three quarters of the probes come to one of them.
    expect(board.hopRates[6]).toBeCloseTo(500 / 0.75, 0);
  });

  it("sets no rate where routers may get any number", () => {
    const board = newBoard();
    const watch = createRouterWatch(board, { routerPacketsPerSecond: null, everyHop: false });
    for (let i = 0; i < 200; i++) watch.answered(0, 1, router(1));
    expect([...board.hopRates].every((rate) => rate === 0)).toBe(true);
  });

  it("counts the first hops that all targets share, each family for itself, and takes back what proves wrong", () => {
    const board = newBoard();
    const watch = createRouterWatch(board, { routerPacketsPerSecond: 500, everyHop: false });
    for (let i = 0; i < 100; i++) {
      for (const ttl of [1, 2, 4]) watch.answered(0, ttl, router(ttl));
      watch.answered(0, 3, router(10 + (i % 2)));
      watch.answered(1, 1, parseAddress("2001:db8::1"));
    }
    expect([...board.sharedHops]).toEqual([2, 1]);
    watch.answered(0, 2, router(77));
    expect([...board.sharedHops]).toEqual([1, 1]);
  });

  it("lets every trace ask its first hops where that is wanted", () => {
    const board = newBoard();
    const watch = createRouterWatch(board, { routerPacketsPerSecond: 500, everyHop: true });
    for (let i = 0; i < 100; i++) watch.answered(0, 1, router(1));
    expect([board.hopRates[1], board.sharedHops[0]]).toEqual([500, 0]);
  });

  it("is not sure after a few answers", () => {
    const board = newBoard();
    const watch = createRouterWatch(board, { routerPacketsPerSecond: 500, everyHop: false });
    for (let i = 0; i < 40; i++) watch.answered(0, 1, router(1));
    expect(board.sharedHops[0]).toBe(0);
  });
});

describe("the pace of hops", () => {
  it("keeps each TTL to its rate, whatever the others do, and saves little up", () => {
    const rates = new Float64Array(64);
    rates[3] = 100;
    const pace = createHopPace(rates, 1);
    const sent: number[] = [];
    for (let nowMs = 1000; nowMs < 3000; nowMs++) {
      for (let i = 0; i < 5; i++) {
        expect(pace.isOpen(4, nowMs)).toBe(true);
        pace.take(4, nowMs);
        if (!pace.isOpen(3, nowMs)) continue;
        pace.take(3, nowMs);
        sent.push(nowMs);
      }
    }
    expect(sent.length).toBeGreaterThanOrEqual(199);
    expect(sent.length).toBeLessThanOrEqual(204);
    // 100 a second, and what 20 ms may save up.
    for (const at of sent) expect(sent.filter((one) => one >= at && one < at + 100).length).toBeLessThanOrEqual(13);
  });

  it("divides the rate over the sending threads", () => {
    const rates = new Float64Array(64);
    rates[1] = 100;
    const pace = createHopPace(rates, 4);
    let sent = 0;
    for (let nowMs = 1000; nowMs < 2000; nowMs++) {
      if (!pace.isOpen(1, nowMs)) continue;
      pace.take(1, nowMs);
      sent++;
    }
    expect(sent).toBeGreaterThanOrEqual(25);
    expect(sent).toBeLessThanOrEqual(28);
  });
});
