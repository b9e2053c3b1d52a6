import { describe, expect, it } from "@jest/globals";
import { createRateCap, RATE_CAP_BYTES } from "../../../agent/rate/rate-cap.js";
import { createSenderLoop } from "../../../agent/sender/loop.js";
import { createScanBoard } from "../../../agent/synscan/board.js";
import { createSystemClock } from "../../../agent/wire/clock.js";
import { parseAddress } from "../../../shared/address/address.js";
import { createProbeKernel } from "../../../shared/probe/kernel.js";
import { createMemoryPort } from "../wire/memory-port.js";

describe("the senders of one thread", () => {
  it("do not take a busy port's slots from each other", () => {
    const port = createMemoryPort(() => [], { slots: 16 });
    let turn = 0;
    Object.defineProperty(port, "limit", { get: () => [0, 3, 0, 5][turn++ % 4] });
    const clock = createSystemClock();
    const cap = new SharedArrayBuffer(RATE_CAP_BYTES);
    createRateCap({ packetsPerSecond: 1_000_000, nowMs: clock.monotonicMs, memory: cap });
    const source4 = parseAddress("192.0.2.1");
    const kernel = createProbeKernel({ jobs: 4 });
    const loop = createSenderLoop({ port, kernel, source4, source6: null, clock, loops: 1 });
    const networks = [1, 2];
    for (const network of networks) {
      const targets = Array.from({ length: 40 }, (_, i) => ({
        address: parseAddress(`198.18.${network}.${i}`),
        port: 80,
      }));
      const board = createScanBoard(0, targets.length);
      board.allowUntil(Number.POSITIVE_INFINITY);
      loop.add(
        {
          ...{ stage: "synscan", board: board.memory, caps: [cap], from: 0, to: targets.length, retries: 0, skip: [] },
          ...{
            replyWindowMs: 1,
            secret: new Uint8Array(16),
            profile: "linux",
            perPrefix: null,
            variants: ["v0", "v1"],
          },
          source: { kind: "list", targets, from: 0, size: targets.length },
        },
        (error) => expect(error).toBeNull(),
      );
    }
    const until = performance.now() + 5_000;
    while (loop.active > 0 && performance.now() < until) loop.turn();
    const sent = port.sent.map(({ packet }) => `${packet[18]}.${packet[19]} ${packet[20]}:${packet[21]}`);
    expect(loop.active).toBe(0);
    expect(sent).toHaveLength(networks.length * 40 * 2);
    expect(new Set(sent).size).toBe(sent.length);
  });
});
