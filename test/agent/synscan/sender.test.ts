import { describe, expect, it } from "@jest/globals";
import { createRateCap } from "../../../agent/rate/rate-cap.js";
import { createScanBoard } from "../../../agent/synscan/board.js";
import { createSynSender } from "../../../agent/synscan/sender.js";
import { parseAddress } from "../../../shared/address/address.js";
import { createProbeBuilder } from "../../../shared/probe/build.js";
import { createProbeKernel } from "../../../shared/probe/kernel.js";
import { createSpaceSource } from "../../../shared/target/space.js";
import { createMemoryPort } from "../wire/memory-port.js";

/** A sender of plain probes to 198.18.0.0/16 on a clock that the test moves. */
function senderOf(from: number, to: number, { replyWindowMs = 100, retries = 0, places = to - from } = {}) {
  const time = { ms: 1000 };
  const clock = { monotonicMs: () => time.ms, unixMs: () => time.ms };
  const port = createMemoryPort(() => [], { slots: 256 });
  const board = createScanBoard(from, from + places);
  board.allowUntil(Number.POSITIVE_INFINITY);
  const first = 0xc612_0000;
  const kernel = createProbeKernel({ jobs: 1 });
  const sender = createSynSender({
    port,
    board,
    source: createSpaceSource({
      ranges: [{ first, last: first + 0xffff }],
      ports: [80],
      permutationKey: new Uint8Array(16),
    }),
    from,
    to,
    variants: ["plain"],
    builder: createProbeBuilder({
      secret: new Uint8Array(16),
      stage: "synscan",
      profile: "linux",
      source4: parseAddress("192.0.2.1"),
      source6: null,
      kernel,
    }),
    kernel,
    ttl: 64,
    retries,
    replyWindowMs,
    cap: createRateCap({ packetsPerSecond: 1_000_000, nowMs: clock.monotonicMs }),
    budget: null,
    isSkipped: () => false,
    clock,
  });
  const addresses = (): string[] => port.sent.map(({ packet }) => packet.subarray(16, 20).join("."));
  /** Steps for so many milliseconds of the clock. */
  const run = (ms: number): number | null => {
    let left: number | null = 0;
    for (const end = time.ms + ms; time.ms < end && left !== null; time.ms += 0.25) left = sender.step();
    return left;
  };
  return { time, port, board, sender, run, addresses };
}

describe("sending half of a SYN scan", () => {
  it("keeps no more indices open than the board has places for, goes on as they get free, and misses none", () => {
    const { board, run, addresses } = senderOf(0, 3000, { replyWindowMs: 5, places: 1000 });
    run(50);
    expect(addresses()).toHaveLength(1024);
    board.settle(600);
    run(50);
    expect(addresses()).toHaveLength(1624);
    board.settle(board.progress().done);
    run(50);
    board.settle(board.progress().done);
    expect(run(50)).toBeNull();
    expect([addresses().length, new Set(addresses()).size]).toEqual([3000, 3000]);
    expect(board.progress()).toEqual({ sent: 3000, done: 3000, packets: 3000, skipped: 0 });
  });

  it("stops within a batch when the gate's time is over or the board says so", () => {
    const { time, board, port, sender } = senderOf(0, 60_000);
    time.ms += 5;
    board.allowUntil(time.ms + 1);
    for (let i = 0; i < 100; i++) {
      time.ms += 0.1;
      sender.step();
    }
    expect(port.sent.length).toBeGreaterThan(0);
    expect(port.sent.length).toBeLessThanOrEqual(256 + 1000 + 256);
    board.stop();
    expect(sender.step()).toBeNull();
  });

  it("doubles the wait before each retry", () => {
    const { time, port, run } = senderOf(0, 1, { retries: 2, replyWindowMs: 100 });
    const times: number[] = [];
    const send = port.send;
    port.send = (count, first) => {
      times.push(time.ms);
      return send.call(port, count, first);
    };
    expect(run(1000)).toBeNull();
    expect(times).toHaveLength(3);
    const [a = 0, b = 0, c = 0] = times;
    expect(b - a).toBeGreaterThanOrEqual(100);
    expect(b - a).toBeLessThan(101);
    expect(c - b).toBeGreaterThanOrEqual(200);
    expect(c - b).toBeLessThan(201);
  });
});
