import { describe, expect, it } from "@jest/globals";
import { createRateCap, RATE_CAP_BYTES } from "../../../agent/rate/rate-cap.js";
import type { ScanJob, TraceJob } from "../../../agent/sender/job.js";
import { createSenderLoop } from "../../../agent/sender/loop.js";
import { createScanBoard, ENDED, SKIPPED } from "../../../agent/synscan/board.js";
import { createTraceBoard } from "../../../agent/tracebox/board.js";
import { parseAddress } from "../../../shared/address/address.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import { createProbeKernel } from "../../../shared/probe/kernel.js";
import type { TargetSourceSpec } from "../../../shared/target/spec.js";
import { createMemoryPort } from "../wire/memory-port.js";

const TARGETS = Array.from({ length: 200 }, (_, i) => ({ address: parseAddress(`198.18.0.${i}`), port: 80 }));
const LIST: TargetSourceSpec = { kind: "list", targets: TARGETS, from: 0, size: TARGETS.length };
const FIRST = 0xc612_0000;
const SPACE: TargetSourceSpec = {
  kind: "space",
  ranges: [{ first: FIRST, last: FIRST + 199 }],
  ports: [80],
  permutationKey: new Uint8Array(16),
};

/** A thread's loop on a port in memory, with a clock that stands until it is moved: the order of packets is all there is. */
function kit(slots = 16) {
  const time = { ms: 1000 };
  const clock = { monotonicMs: () => time.ms, unixMs: () => time.ms };
  const port = createMemoryPort(() => [], { slots });
  const cap = new SharedArrayBuffer(RATE_CAP_BYTES);
  createRateCap({ packetsPerSecond: 1_000_000, nowMs: clock.monotonicMs, memory: cap });
  const kernel = createProbeKernel({ jobs: 4 });
  const loop = createSenderLoop({ port, kernel, source4: parseAddress("192.0.2.1"), source6: null, clock, loops: 1 });
  const common = {
    caps: [cap] as const,
    from: 0,
    to: TARGETS.length,
    replyWindowMs: 50,
    secret: new Uint8Array(16),
    profile: "linux" as const,
    variants: ["v0", "v1"] as const,
    skip: [],
  };
  const scan = (change: Partial<ScanJob> = {}) => {
    const board = createScanBoard(0, TARGETS.length);
    board.allowUntil(Number.MAX_SAFE_INTEGER);
    loop.add(
      { ...common, stage: "synscan", board: board.memory, source: LIST, retries: 2, perPrefix: null, ...change },
      (error) => expect(error).toBeNull(),
    );
    return board;
  };
  const trace = (change: Partial<TraceJob> = {}) => {
    const board = createTraceBoard(0, TARGETS.length, { variants: 2, maxTtl: 8 });
    board.allowUntil(Number.MAX_SAFE_INTEGER);
    const job = {
      ...common,
      stage: "tracebox",
      board: board.memory,
      source: LIST,
      retries: 1,
      perPrefix: null,
    } as const;
    loop.add({ ...job, maxTtl: 8, spacingMs: 1, routerPacketsPerSecond: null, ...change }, (error) =>
      expect(error).toBeNull(),
    );
    return board;
  };
  const run = (turns: number): void => {
    for (let i = 0; i < turns && loop.active > 0; i++, time.ms += 0.25) loop.turn();
  };
  /** To how many of the packets from the `from`-th on a host was the target. */
  const sentTo = (from: number, isOf: (host: number) => boolean): number =>
    port.sent.slice(from).filter(({ packet }) => isOf(packet[19] as number)).length;
  return { loop, port, scan, trace, run, sentTo };
}

const isOptedOut = (host: number): boolean => host >= 64 && host < 128;
const OPTED_OUT = [parsePrefix("198.18.0.64/26")];

describe("an opt-out while probes are being sent", () => {
  it.each([
    ["listed", LIST],
    ["computed", SPACE],
  ])("stops a scan of %s targets at once: not one packet follows, also no retry", (_, source) => {
    const { loop, port, scan, run, sentTo } = kit();
    const board = scan({ source });
    run(12);
    const before = port.sent.length;
    expect(sentTo(0, isOptedOut)).toBeGreaterThan(0);
    loop.leaveOut(OPTED_OUT);
    run(100_000);
    expect(loop.active).toBe(0);
    expect(sentTo(before, isOptedOut)).toBe(0);
    expect(sentTo(before, (host) => !isOptedOut(host))).toBeGreaterThan(100);
    // All others got their two variants three times.
    expect(sentTo(0, (host) => !isOptedOut(host))).toBe(136 * 2 * 3);
    const marks = TARGETS.map((_target, index) => board.marks(index));
    const [ended, skipped] = [ENDED, SKIPPED].map((bit) => marks.filter((mark) => (mark & bit) !== 0).length);
    expect([(ended ?? 0) > 0, (skipped ?? 0) > 0, (ended ?? 0) + (skipped ?? 0)]).toEqual([true, true, 64]);
    expect(board.progress()).toMatchObject({ done: 200, skipped });
  });

  it("stops between two probes to one target", () => {
    const { loop, port, scan, run, sentTo } = kit(1);
    scan({ retries: 0 });
    while (port.sent.at(-1)?.packet[19] !== 64) run(1);
    loop.leaveOut(OPTED_OUT);
    run(100_000);
    expect(sentTo(0, isOptedOut)).toBe(1);
    expect(loop.active).toBe(0);
  });

  it("holds for targets that wait for their prefix's budget", () => {
    const { loop, port, scan, run, sentTo } = kit();
    scan({ retries: 0, perPrefix: { v4: 24, v6: 48, packetsPerSecond: 1_000 } });
    run(40);
    const before = port.sent.length;
    expect(before).toBeLessThan(100);
    loop.leaveOut(OPTED_OUT);
    run(100_000);
    expect([loop.active, sentTo(before, isOptedOut)]).toEqual([0, 0]);
  });

  it("stops traces in the middle of their sweeps", () => {
    const { loop, port, trace, run, sentTo } = kit();
    const board = trace();
    run(40);
    const before = port.sent.length;
    expect(sentTo(0, isOptedOut)).toBeGreaterThan(0);
    loop.leaveOut(OPTED_OUT);
    for (let i = 0; i < 2_000 && loop.active > 0; i++) {
      run(100);
      board.settle(board.progress().done);
    }
    expect(loop.active).toBe(0);
    expect(sentTo(before, isOptedOut)).toBe(0);
    expect(sentTo(before, (host) => !isOptedOut(host))).toBeGreaterThan(100);
  });

  it("holds for jobs that begin later, and costs nothing where no target is concerned", () => {
    const { loop, scan, run, sentTo } = kit();
    loop.leaveOut([...OPTED_OUT, parsePrefix("203.0.113.0/24"), parsePrefix("2001:db8::/32")]);
    const board = scan({ retries: 0, source: SPACE });
    run(100_000);
    expect([sentTo(0, isOptedOut), board.progress().skipped]).toEqual([0, 64]);
  });
});
