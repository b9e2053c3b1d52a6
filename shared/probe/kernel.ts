import { PROBE_KERNEL } from "../generated/probe-kernel.js";
import { startKernel, WASM_PAGE_BYTES } from "../wasm.js";

/** A job's area, a template and an entry of a batch, in bytes, as `kernel.as.ts` has them. */
export const JOB_TEMPLATES_AT = 128;
export const TEMPLATE_BYTES = 128;
export const TEMPLATE_PACKET_AT = 32;
export const ENTRY_BYTES = 32;

/** IPv4 and IPv6, four variants each. */
const JOB_BYTES = JOB_TEMPLATES_AT + 8 * TEMPLATE_BYTES;
/** Probes that one call writes at the most, and targets. */
export const BATCH_PROBES = 512;
/** Room for one probe where the caller has none of its own; a copy of 96 bytes fits. */
export const STAGED_BYTES = 96;
/** Frames that a batch's slots may lie in: this one and the one before it. */
const MOST_FRAMES = 2 * BATCH_PROBES;
const FACTS_AT = 4 * MOST_FRAMES;
const BATCH_AT = 2 * FACTS_AT + 16 * BATCH_PROBES;
const RUN_AT = BATCH_AT + BATCH_PROBES * ENTRY_BYTES;
const STAGED_AT = RUN_AT + BATCH_PROBES * 8;
const JOBS_AT = STAGED_AT + BATCH_PROBES * STAGED_BYTES;

interface Exports {
  addRun(first: number, count: number, variants: number, ttl: number, slot: number): void;
  hash(state: number, message: number, out: number, blockRounds: number, halfRounds: number): void;
  writeProbes(job: number, count: number, frame: number, mask: number, time: number, ttlMask: number): number;
}

export interface ProbeKernelOptions {
  /** Jobs that may be reserved at the same time. */
  readonly jobs: number;
  /** Memory for the frames of a send port, so that probes are written where the network card gets them. */
  readonly frameBytes?: number;
}

/** The compiled inner loop of probing with its memory. All places are byte offsets in that memory. */
export interface ProbeKernel {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Begins at a whole page. */
  readonly frames: Uint8Array;
  /**
   * Packets go into frames, those of a batch one behind the other in a circle: the frames' places, where 96 bytes are
   * free, and the facts of the packet that was written last into each. At first they are BATCH_PROBES places from
   * `stagedAt` on.
   */
  readonly places: Int32Array;
  readonly facts: Int32Array;
  /** Takes other frames: a power of two, at most MOST_FRAMES; whoever holds facts of them forgets them, too. */
  useFrames(places: Int32Array): void;
  /** Two words for each of BATCH_PROBES IPv4 targets, see `addRun`. */
  readonly run: Int32Array;
  /** Arrays of BATCH_PROBES entries, and of as many places of STAGED_BYTES. */
  readonly batchAt: number;
  readonly stagedAt: number;
  /** Reserves a job's area; throws RangeError when there is none left. */
  reserve(): number;
  release(job: number): void;
  /** SipHash with 128-bit output of the 20 bytes at `message`, to the 16 bytes at `out`; the keyed state is at `state`. */
  hash(state: number, message: number, out: number, blockRounds: number, halfRounds: number): void;
  /**
   * Makes entries of the first `count` targets in `run`, from the entry of number `first` on: the address and, in the
   * lower half, the port, both in network order. They want the same variants, and fill the slots from `slot` on.
   */
  addRun(first: number, count: number, variants: number, ttl: number, slot: number): void;
  /**
   * Writes the packets of the batch's first `count` entries, slot 0 into the frame of number `frame`; `time` and
   * `ttlMask`: see `kernel.as.ts`. Returns in how many frames the facts have changed.
   */
  writeProbes(job: number, count: number, frame: number, time: number, ttlMask: number): number;
}

export function createProbeKernel({ jobs, frameBytes = 0 }: ProbeKernelOptions): ProbeKernel {
  const framesAt = Math.ceil((JOBS_AT + jobs * JOB_BYTES) / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
  const { exports, memory } = startKernel<Exports>(PROBE_KERNEL, framesAt + frameBytes);
  const free = Array.from({ length: jobs }, (_, i) => JOBS_AT + i * JOB_BYTES);
  const places = new Int32Array(memory, 0, MOST_FRAMES);
  const facts = new Int32Array(memory, FACTS_AT, MOST_FRAMES);
  let mask = 0;
  useFrames(Int32Array.from({ length: BATCH_PROBES }, (_, i) => STAGED_AT + i * STAGED_BYTES));

  function useFrames(wanted: Int32Array): void {
    const { length } = wanted;
    if (!(length > 0 && length <= MOST_FRAMES && (length & (length - 1)) === 0)) {
      throw new RangeError(`${length} frames: not a power of two up to ${MOST_FRAMES}`);
    }
    places.set(wanted);
    facts.fill(0);
    mask = length - 1;
  }

  return {
    bytes: new Uint8Array(memory),
    words: new Int32Array(memory),
    frames: new Uint8Array(memory, framesAt, frameBytes),
    places,
    facts,
    useFrames,
    run: new Int32Array(memory, RUN_AT, 2 * BATCH_PROBES),
    batchAt: BATCH_AT,
    stagedAt: STAGED_AT,
    reserve() {
      const job = free.pop();
      if (job === undefined) throw new RangeError(`more than ${jobs} jobs at the same time`);
      return job;
    },
    release: (job) => void free.push(job),
    hash: exports.hash,
    addRun: exports.addRun,
    writeProbes: (job, count, frame, time, ttlMask) => exports.writeProbes(job, count, frame, mask, time, ttlMask),
  };
}
