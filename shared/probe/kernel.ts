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
const FACTS_AT = 4 * BATCH_PROBES;
const BATCH_AT = FACTS_AT + 20 * BATCH_PROBES;
const RUN_AT = BATCH_AT + BATCH_PROBES * ENTRY_BYTES;
const STAGED_AT = RUN_AT + BATCH_PROBES * 8;
const JOBS_AT = STAGED_AT + BATCH_PROBES * STAGED_BYTES;

interface Exports {
  addRun(first: number, from: number, count: number, variants: number, ttl: number, slot: number): void;
  hash(state: number, message: number, out: number, blockRounds: number, halfRounds: number): void;
  writeProbes(job: number, count: number, time: number, ttlMask: number): void;
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
  /** For each slot of a batch, where its packet is to be written, 96 bytes at the most; and the packet's facts then. */
  readonly places: Int32Array;
  readonly facts: Int32Array;
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
   * Makes entries of `count` targets in `run` from its number `from` on, from the entry of number `first` on: the address
   * and, in the lower half, the port, both in network order. They want the same variants, and fill the slots from `slot` on.
   */
  addRun(first: number, from: number, count: number, variants: number, ttl: number, slot: number): void;
  /** Writes the packets of the batch's first `count` entries; `time` and `ttlMask`: see `kernel.as.ts`. */
  writeProbes(job: number, count: number, time: number, ttlMask: number): void;
}

export function createProbeKernel({ jobs, frameBytes = 0 }: ProbeKernelOptions): ProbeKernel {
  const framesAt = Math.ceil((JOBS_AT + jobs * JOB_BYTES) / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
  const { exports, memory } = startKernel<Exports>(PROBE_KERNEL, framesAt + frameBytes);
  const free = Array.from({ length: jobs }, (_, i) => JOBS_AT + i * JOB_BYTES);
  return {
    bytes: new Uint8Array(memory),
    words: new Int32Array(memory),
    frames: new Uint8Array(memory, framesAt, frameBytes),
    places: new Int32Array(memory, 0, BATCH_PROBES),
    facts: new Int32Array(memory, FACTS_AT, BATCH_PROBES),
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
    writeProbes: exports.writeProbes,
  };
}
