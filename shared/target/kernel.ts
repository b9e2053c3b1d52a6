import { swapBytes } from "../byte-order.js";
import { TARGET_KERNEL } from "../generated/target-kernel.js";
import { startKernel } from "../wasm.js";
import type { Network } from "./permutation.js";
import type { RankedAddresses } from "./ranges.js";

/** Where things lie, in bytes, as `kernel.as.ts` has them. */
const KEYS_AT = 64;
const LANES = 4;
const TARGETS_AT = 2368;
const TARGET_WORDS = 2;

/** Targets that one call computes at the most. */
export const MOST_AHEAD = 256;
const TABLES_AT = TARGETS_AT + MOST_AHEAD * TARGET_WORDS * 4;

/** A space in the order of its permutation. */
export interface TargetPlan {
  readonly network: Network;
  readonly addresses: RankedAddresses;
  readonly ports: Uint16Array;
}

/** The compiled way from indices to targets. */
export interface TargetKernel {
  /** Two words for each target: its address and, in the lower half, its port, both in network order. */
  readonly targets: Int32Array;
  /** Computes the targets of `count` indices from `from` on, all of them below the permutation's size. */
  compute(from: number, count: number): void;
}

/** Takes a page of memory and what the tables of the space need. */
export function createTargetKernel({ network, addresses, ports }: TargetPlan): TargetKernel {
  const { parts, starts, shift } = addresses.index;
  const tables = [parts, starts, addresses.firsts.map((first, part) => first - (starts[part] ?? 0))];
  const places = tables.map((_, i) => tables.slice(0, i).reduce((at, table) => at + table.byteLength, TABLES_AT));
  const portsAt = tables.reduce((at, table) => at + table.byteLength, TABLES_AT);
  const { exports, memory } = startKernel<{ writeTargets(from: number, count: number): void }>(
    TARGET_KERNEL,
    portsAt + ports.byteLength,
  );
  for (const [i, table] of tables.entries()) new Uint32Array(memory, places[i], table.length).set(table);
  new Uint16Array(memory, portsAt, ports.length).set(ports.map((port) => swapBytes(port) >>> 16));
  const keys = new Int32Array(memory, KEYS_AT, network.keys.length * LANES);
  for (const [i, key] of network.keys.entries()) keys.fill(key, i * LANES, (i + 1) * LANES);
  new BigUint64Array(memory, 0, 1).set([BigInt(network.sizeHigh * network.lowSize + network.sizeLow)]);
  new Uint32Array(memory, 8, 9).set([
    Math.log2(network.lowSize),
    network.highShift,
    network.lowShift,
    ports.length,
    shift,
    ...places,
    portsAt,
  ]);
  return {
    targets: new Int32Array(memory, TARGETS_AT, MOST_AHEAD * TARGET_WORDS),
    compute: exports.writeTargets,
  };
}
