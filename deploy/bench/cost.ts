import { createRateCap } from "../../agent/rate/rate-cap.js";
import { createScanBoard } from "../../agent/synscan/board.js";
import { createSynSender } from "../../agent/synscan/sender.js";
import { createSystemClock } from "../../agent/wire/clock.js";
import { SEND_FRAME_BYTES } from "../../agent/wire/open-port.js";
import type { SendPort } from "../../agent/wire/port.js";
import { slotBySlot } from "../../agent/wire/slot-by-slot.js";
import { createProbeBuilder } from "../../shared/probe/build.js";
import { createProbeKernel, type ProbeKernel } from "../../shared/probe/kernel.js";
import { openTargetSource } from "../../shared/target/spec.js";
import { SCANNER, SECRET } from "./receive-setup.js";
import type { BenchOptions, BenchResult } from "./result.js";
import { type Spread, spreadOf } from "./statistics.js";

/** Binary logarithms of how many addresses the space has; one port. */
const SPACES = [16, 20, 24, 28, 32];
const SHARDS = [1, 10, 100, 1000];
/** So many targets of a shard, or all that it has. */
const MOST_TARGETS = 400_000;
const MOST_ROUNDS = 5;
const SLOTS = 256;
const SLOT_BYTES = 256;

interface Cost {
  /** Until the first packet is written: source, permutation, board and sender are made. */
  readonly openMs: number;
  readonly nsPerTarget: number;
  /** Of the board, the only thing that grows with a shard. */
  readonly boardBytes: number;
}

/** Cost of a target and of a shard against the size of the space and the number of shards, with nothing sent. */
export async function benchCost(options: BenchOptions): Promise<BenchResult> {
  const cells = SPACES.flatMap((bits) => SHARDS.map((shards) => ({ bits, shards, costs: [] as Cost[] })));
  const kernel = createProbeKernel({ jobs: 1, frameBytes: SEND_FRAME_BYTES });
  const most = Math.min(MOST_ROUNDS, options.rounds);
  for (let round = 0; round < most; round++) {
    for (const { bits, shards, costs } of cells) costs.push(costOf(kernel, bits, round % shards, shards));
    options.say(`round ${round + 1} of ${most}`);
  }
  const figures = cells.map(({ bits, shards, costs }) => ({
    addresses: 2 ** bits,
    shards,
    openMs: spreadOf(costs.map(({ openMs }) => openMs)),
    nsPerTarget: spreadOf(costs.map(({ nsPerTarget }) => nsPerTarget)),
    boardBytes: costs[0]?.boardBytes ?? 0,
  }));
  const row = ({ addresses, shards, nsPerTarget, openMs, boardBytes }: (typeof figures)[number]): string[] => [
    `2^${Math.log2(addresses)}`,
    `${shards}`,
    `${nsPerTarget.median.toFixed(0)} ns (${range(nsPerTarget, 0)})`,
    `${openMs.median.toFixed(1)} ms (${range(openMs, 1)})`,
    `${(boardBytes / 1e6).toFixed(2)} MB`,
  ];
  return {
    name: "cost",
    title: "A target of two probes, and opening a shard, against the size of the space; packets made, none sent",
    tables: [{ head: ["addresses", "shards", "a target", "to open one", "its board"], rows: figures.map(row) }],
    figures,
  };
}

function costOf(kernel: ProbeKernel, bits: number, shard: number, shards: number): Cost {
  const clock = createSystemClock();
  const startedMs = performance.now();
  const source = openTargetSource({
    kind: "space",
    ranges: [{ first: 0, last: 2 ** bits - 1 }],
    ports: [80],
    permutationKey: SECRET,
  });
  const from = Math.floor((shard * source.size) / shards);
  const to = Math.floor(((shard + 1) * source.size) / shards);
  const board = createScanBoard(from, to);
  const builder = createProbeBuilder({
    secret: SECRET,
    stage: "synscan",
    profile: "linux",
    source4: SCANNER,
    source6: null,
    kernel,
  });
  const sender = createSynSender({
    port: discardPort(kernel),
    board,
    source,
    from,
    to,
    variants: ["v0", "v1"],
    builder,
    kernel,
    ttl: 64,
    retries: 0,
    replyWindowMs: 0,
    cap: createRateCap({ packetsPerSecond: 1e9, nowMs: clock.monotonicMs }),
    budget: null,
    skips: { isSkipped: null },
    clock,
  });
  board.allowUntil(Number.MAX_SAFE_INTEGER);
  const openMs = performance.now() - startedMs;
  try {
    const end = Math.min(to, from + MOST_TARGETS);
    const sentFromMs = performance.now();
    while (board.progress().sent < end && sender.step() !== null) board.settle(board.progress().done);
    const targets = board.progress().sent - from;
    return {
      openMs,
      nsPerTarget: (1e6 * (performance.now() - sentFromMs)) / targets,
      boardBytes: board.memory.byteLength,
    };
  } finally {
    builder.release();
  }
}

/** Takes every packet and does nothing with it. */
function discardPort(kernel: ProbeKernel): SendPort {
  const bytes = kernel.frames;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const slotAt = (i: number): number => (i * SLOT_BYTES) / 4;
  const setLength = (): void => undefined;
  let sent = 0;
  return {
    driver: "sim",
    interfaceName: "none",
    slots: SLOTS,
    slotBytes: SLOT_BYTES,
    words,
    slot: (i) => bytes.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES),
    slotAt,
    setLength,
    ...slotBySlot({ words, slots: SLOTS, slotAt, setLength }),
    send(count, first = 0) {
      sent += count - first;
      return count - first;
    },
    sendStats: () => ({ sent, sendErrors: 0 }),
    close() {},
  };
}

function range({ low, high }: Spread, digits: number): string {
  return `${low.toFixed(digits)} to ${high.toFixed(digits)}`;
}
