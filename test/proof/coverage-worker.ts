import { parentPort, workerData } from "node:worker_threads";
import type { Interval } from "../../coordinator/lease/intervals.js";
import { createTarget } from "../../shared/target/source.js";
import { createSpaceSource, type SpaceOptions } from "../../shared/target/space.js";
import { createBitMarker, type SharedBits } from "./address-bitmap.js";

export interface CoverageWork {
  readonly space: SpaceOptions;
  readonly bits: SharedBits;
}

/** Answer to an interval, or to null, upon which everything collected is written and the thread ends. */
export interface CoverageReply {
  readonly targets: number;
  /** The first addresses whose bit was set already. */
  readonly marked: readonly number[];
}

const MOST_REPORTED = 10;
const { space, bits } = workerData as CoverageWork;
const source = createSpaceSource(space);
const marked: number[] = [];
const marker = createBitMarker(bits, (address) => {
  if (marked.length < MOST_REPORTED) marked.push(address);
});
const target = createTarget();

parentPort?.on("message", (interval: Interval | null) => {
  const { from, to } = interval ?? { from: 0, to: 0 };
  for (let index = from; index < to; index++) {
    source.targetAt(index, target);
    marker.mark(target.address);
  }
  if (interval === null) {
    marker.flush();
  }
  const reply: CoverageReply = { targets: to - from, marked };
  parentPort?.postMessage(reply);
  if (interval === null) {
    parentPort?.close();
  }
});
