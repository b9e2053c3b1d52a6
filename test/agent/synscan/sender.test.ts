import { describe, expect, it } from "@jest/globals";
import { createRateCap } from "../../../agent/rate/rate-cap.js";
import type { Skips } from "../../../agent/sender/skips.js";
import { createScanBoard, SKIPPED } from "../../../agent/synscan/board.js";
import { createSynSender } from "../../../agent/synscan/sender.js";
import { parseAddress } from "../../../shared/address/address.js";
import { createProbeBuilder } from "../../../shared/probe/build.js";
import { variantOfSourcePort } from "../../../shared/probe/fields.js";
import { createProbeKernel } from "../../../shared/probe/kernel.js";
import type { Variant } from "../../../shared/probe/variant.js";
import { createTarget } from "../../../shared/target/source.js";
import { createSpaceSource } from "../../../shared/target/space.js";
import { createMemoryPort } from "../wire/memory-port.js";

interface Settings {
  readonly replyWindowMs?: number;
  readonly retries?: number;
  /** Indices that the board has places for. */
  readonly places?: number;
  readonly variants?: readonly Variant[];
  readonly isSkipped?: ((address: Uint8Array) => boolean) | null;
}

/** A sender of probes, by default plain ones, to 198.18.0.0/16 on a clock that the test moves. */
function senderOf(from: number, to: number, settings: Settings = {}) {
  const { replyWindowMs = 100, retries = 0, places = to - from, variants = ["plain"], isSkipped = null } = settings;
  const skips: Skips = { isSkipped };
  const time = { ms: 1000 };
  const clock = { monotonicMs: () => time.ms, unixMs: () => time.ms };
  const port = createMemoryPort(() => [], { slots: 256 });
  const board = createScanBoard(from, from + places);
  board.allowUntil(Number.POSITIVE_INFINITY);
  const first = 0xc612_0000;
  const kernel = createProbeKernel({ jobs: 1 });
  const source = createSpaceSource({
    ranges: [{ first, last: first + 0xffff }],
    ports: [80],
    permutationKey: new Uint8Array(16),
  });
  const sender = createSynSender({
    port,
    board,
    source,
    from,
    to,
    variants,
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
    skips,
    clock,
  });
  const addressOf = (index: number): Uint8Array => {
    const target = createTarget();
    source.targetAt(index, target);
    return target.address;
  };
  /** What was sent, as address and variant. */
  const probes = (): string[] =>
    port.sent.map(
      ({ packet }) =>
        `${packet.subarray(16, 20).join(".")} ${variantOfSourcePort(Buffer.from(packet).readUInt16BE(20))}`,
    );
  const addresses = (): string[] => port.sent.map(({ packet }) => packet.subarray(16, 20).join("."));
  /** Steps for so many milliseconds of the clock. */
  const run = (ms: number): number | null => {
    let left: number | null = 0;
    for (const end = time.ms + ms; time.ms < end && left !== null; time.ms += 0.25) left = sender.step();
    return left;
  };
  return { time, port, skips, board, sender, run, addresses, probes, addressOf };
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

  it("sends to a target with marks only what it still needs, and to one that is left out nothing", () => {
    const variants: readonly Variant[] = ["v0", "v1", "plain"];
    const from = 5000;
    const marked = new Map([
      [from, 0b001],
      [from + 70, 0b110],
      [from + 71, 0b111],
      [from + 299, 0b010],
    ]);
    const leftOut = from + 150;
    const expectedFor = (index: number, address: Uint8Array): string[] =>
      variants
        .filter((_, bit) => index !== leftOut && (((marked.get(index) ?? 0) >>> bit) & 1) === 0)
        .map((variant) => `${address.subarray(12).join(".")} ${variant}`);
    for (const byMark of [true, false]) {
      const { board, run, probes, addressOf } = senderOf(from, from + 300, {
        variants,
        isSkipped: byMark ? null : (address) => Buffer.compare(address, addressOf(leftOut)) === 0,
      });
      for (const [index, bits] of marked) board.mark(index, bits);
      if (byMark) board.mark(leftOut, SKIPPED);
      expect(run(300)).toBeNull();
      const indices = Array.from({ length: 300 }, (_, i) => from + i);
      // In the order of the indices, the probes of each target one after another, also where a batch ends between two.
      expect(probes()).toEqual(indices.flatMap((index) => expectedFor(index, addressOf(index))));
      expect(board.progress()).toMatchObject({ sent: from + 300, done: from + 300, skipped: byMark ? 0 : 1 });
    }
  });

  it("asks again only those that have not answered", () => {
    const { board, run, probes, addressOf } = senderOf(0, 600, { retries: 1, replyWindowMs: 50, variants: ["v1"] });
    run(20);
    expect(probes()).toHaveLength(600);
    const silent = Array.from({ length: 600 }, (_, i) => i).filter((i) => i % 100 === 99 || (i > 200 && i < 350));
    for (let index = 0; index < 600; index++) if (!silent.includes(index)) board.mark(index, 1);
    expect(run(500)).toBeNull();
    expect(probes().slice(600)).toEqual(silent.map((index) => `${addressOf(index).subarray(12).join(".")} v1`));
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
