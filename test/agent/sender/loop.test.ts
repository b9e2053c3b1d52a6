import { describe, expect, it } from "@jest/globals";
import { createRateCap, RATE_CAP_BYTES } from "../../../agent/rate/rate-cap.js";
import { createSenderLoop } from "../../../agent/sender/loop.js";
import { createScanBoard } from "../../../agent/synscan/board.js";
import { parseAddress } from "../../../shared/address/address.js";
import { createProbeKernel } from "../../../shared/probe/kernel.js";
import { createMemoryPort } from "../wire/memory-port.js";

const NETWORKS = [1, 2];
const TARGETS = 40;

/** Two scans of 40 targets each in one loop, on a clock that the test moves, and a device that takes what `takes` says. */
function twoScans(takes: () => number) {
  const time = { ms: 1_000 };
  const clock = { monotonicMs: () => time.ms, unixMs: () => time.ms };
  const port = createMemoryPort(() => [], { slots: 16 });
  Object.defineProperty(port, "limit", { get: takes });
  const cap = new SharedArrayBuffer(RATE_CAP_BYTES);
  createRateCap({ packetsPerSecond: 1_000_000, nowMs: clock.monotonicMs, memory: cap });
  const source4 = parseAddress("192.0.2.1");
  const kernel = createProbeKernel({ jobs: 4 });
  const loop = createSenderLoop({ port, kernel, source4, source6: null, clock, loops: 1 });
  const boards = NETWORKS.map((network) => {
    const targets = Array.from({ length: TARGETS }, (_, i) => ({
      address: parseAddress(`198.18.${network}.${i}`),
      port: 80,
    }));
    const board = createScanBoard(0, targets.length);
    board.allowUntil(Number.POSITIVE_INFINITY);
    loop.add(
      {
        ...{ stage: "synscan", board: board.memory, caps: [cap], from: 0, to: targets.length, retries: 0, skip: [] },
        ...{ replyWindowMs: 1, secret: new Uint8Array(16), profile: "linux", perPrefix: null, variants: ["v0", "v1"] },
        source: { kind: "list", targets, from: 0, size: targets.length },
      },
      (error) => expect(error).toBeNull(),
    );
    return board;
  });
  const turns = (count: number): void => {
    for (let i = 0; i < count && loop.active > 0; i++, time.ms += 1) loop.turn();
  };
  /** Each probe as network.host and source port. */
  const sent = (): string[] => port.sent.map(({ packet }) => `${packet[18]}.${packet[19]} ${packet[20]}:${packet[21]}`);
  return { time, loop, boards, turns, sent };
}

describe("the senders of one thread", () => {
  it("do not take a busy port's slots from each other", () => {
    let look = 0;
    const { loop, turns, sent } = twoScans(() => [0, 3, 0, 5][look++ % 4] as number);
    turns(1_000);
    expect(loop.active).toBe(0);
    expect(sent()).toHaveLength(NETWORKS.length * TARGETS * 2);
    expect(new Set(sent()).size).toBe(sent().length);
  });

  it("leave the slots to a batch whose gate closed while the device was busy for long, and to nobody else", () => {
    let isBusy = true;
    let looks = 0;
    const { time, loop, boards, turns, sent } = twoScans(() => (looks++ === 0 ? 3 : isBusy ? 0 : 16));
    time.ms += 1;
    loop.turn();
    expect(sent()).toHaveLength(3);
    boards[0]?.allowUntil(0);
    time.ms += 60;
    isBusy = false;
    turns(20);
    expect(sent()).toHaveLength(3);
    boards[0]?.allowUntil(Number.POSITIVE_INFINITY);
    turns(1_000);
    expect(loop.active).toBe(0);
    expect(sent()).toHaveLength(NETWORKS.length * TARGETS * 2);
    expect(new Set(sent()).size).toBe(sent().length);
  });

  it("send the rest of a batch that was permitted, though the gate closes while the device is busy", () => {
    let isBusy = true;
    let looks = 0;
    const { time, loop, boards, turns, sent } = twoScans(() => (looks++ === 0 ? 3 : isBusy ? 0 : 16));
    time.ms += 1;
    loop.turn();
    for (const board of boards) board.allowUntil(0);
    isBusy = false;
    turns(20);
    expect(sent()).toHaveLength(16);
    expect(loop.active).toBe(NETWORKS.length);
  });
});
