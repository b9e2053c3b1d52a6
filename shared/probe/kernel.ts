import { PROBE_KERNEL } from "../generated/probe-kernel.js";

/** A job's area, a template, an entry and a slot of a batch, in bytes, as `kernel.as.ts` has them. */
export const JOB_TEMPLATES_AT = 128;
export const TEMPLATE_BYTES = 128;
export const TEMPLATE_PACKET_AT = 32;
export const ENTRY_BYTES = 32;
export const SLOT_BYTES = 8;

/** IPv4 and IPv6, four variants each. */
const JOB_BYTES = JOB_TEMPLATES_AT + 8 * TEMPLATE_BYTES;
/** Probes that one call writes at the most, and targets. */
export const BATCH_PROBES = 512;
/** Room for one probe where the caller has none of its own; a copy of 96 bytes fits. */
export const STAGED_BYTES = 96;
const PAGE_BYTES = 65_536;

/** The part of the engine's WebAssembly interface that is used here; Node has it, its type declarations do not. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => {
    readonly exports: {
      hash(job: number, message: number, out: number): void;
      writeProbes(job: number, batch: number, count: number, slots: number, time: number, ttlMask: number): void;
    };
  };
};

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
  /** Arrays of BATCH_PROBES entries, slots, and places of STAGED_BYTES. */
  readonly batchAt: number;
  readonly slotsAt: number;
  readonly stagedAt: number;
  /** Reserves a job's area; throws RangeError when there is none left. */
  reserve(): number;
  release(job: number): void;
  /** SipHash-2-4-128 of the 20 bytes at `message`, to the 16 bytes at `out`; the job's keyed state is at `job`. */
  hash(job: number, message: number, out: number): void;
  /** Writes the packets of the batch's first `count` entries; see `kernel.as.ts`. */
  writeProbes(job: number, count: number, time: number, ttlMask: number): void;
}

export function createProbeKernel({ jobs, frameBytes = 0 }: ProbeKernelOptions): ProbeKernel {
  const batchAt = jobs * JOB_BYTES;
  const slotsAt = batchAt + BATCH_PROBES * ENTRY_BYTES;
  const stagedAt = slotsAt + BATCH_PROBES * SLOT_BYTES;
  const framesAt = Math.ceil((stagedAt + BATCH_PROBES * STAGED_BYTES) / PAGE_BYTES) * PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((framesAt + frameBytes) / PAGE_BYTES) });
  const module = new WebAssembly.Module(Buffer.from(PROBE_KERNEL, "base64"));
  const { hash, writeProbes } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const free = Array.from({ length: jobs }, (_, i) => i * JOB_BYTES);
  return {
    bytes: new Uint8Array(memory.buffer),
    words: new Int32Array(memory.buffer),
    frames: new Uint8Array(memory.buffer, framesAt, frameBytes),
    batchAt,
    slotsAt,
    stagedAt,
    reserve() {
      const job = free.pop();
      if (job === undefined) throw new RangeError(`more than ${jobs} jobs at the same time`);
      return job;
    },
    release: (job) => void free.push(job),
    hash,
    writeProbes: (job, count, time, ttlMask) => writeProbes(job, batchAt, count, slotsAt, time, ttlMask),
  };
}
