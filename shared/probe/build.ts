import { swapBytes } from "../byte-order.js";
import { UserError } from "../errors.js";
import { createTarget, MAPPED, type MutableTarget, type Target } from "../target/source.js";
import { TTL_BITS, TTL_MASK } from "./fields.js";
import {
  BATCH_PROBES,
  createProbeKernel,
  ENTRY_BYTES,
  JOB_TEMPLATES_AT,
  type ProbeKernel,
  TEMPLATE_BYTES,
} from "./kernel.js";
import { lengthIn } from "./packet-facts.js";
import type { OptionProfile } from "./profile.js";
import { sipHashState } from "./siphash.js";
import { probeTemplate } from "./template.js";
import { type Stage, VARIANTS, type Variant } from "./variant.js";

/** The longest probe: IPv6 header, TCP header, 32 bytes of options. */
export const PROBE_MAX_BYTES = 40 + 20 + 32;

const TIME_MODULUS_MS = 2 ** (32 - TTL_BITS);

export interface ProbeBuilderOptions {
  /** Of the campaign, 16 bytes. */
  readonly secret: Uint8Array;
  readonly stage: Stage;
  readonly profile: OptionProfile;
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  /** Shared with the builders and the send port of a thread; by default one of its own. */
  readonly kernel?: ProbeKernel;
}

/**
 * Makes SYNs, IP header first and both checksums right. `ttl` is 1 to 63 in tracebox, where it is also written into the
 * IPv4 identification and TSval; in synscan those bits are 0. `timeMs` is the send time, any clock with whole or
 * fractional milliseconds; TSval, where the profile has one, carries it modulo 2^26.
 */
export interface ProbeBuilder {
  /** Writes one probe to the front of `into` (at least PROBE_MAX_BYTES); returns its length. Throws as `add`. */
  build(target: Target, variant: Variant, ttl: number, timeMs: number, into: Uint8Array): number;

  /**
   * Whether `bytes` from `at` to `end` begin with that probe as it was sent, but for what changes on the way: the TTL and
   * both checksums. `timeMs` may be the time modulo 2^26. Throws as `add`.
   */
  isVerbatim(
    target: Target,
    variant: Variant,
    ttl: number,
    timeMs: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): boolean;

  /**
   * Adds probes of a target as number `entry` of the batch: bit i of `variants` asks for VARIANTS[i], and they go to the
   * slots from `slot` on. Throws UserError when there is no source address of the target's family.
   */
  add(entry: number, target: MutableTarget, variants: number, ttl: number, slot: number): void;
  /**
   * Adds the same probes of `count` IPv4 targets as entries from `entry` on. `targets` has two words for each, from word
   * `first` on: the address and, in the lower half, the port, both in network order. They fill the slots from `slot` on.
   */
  addIpv4(
    entry: number,
    targets: Int32Array,
    first: number,
    count: number,
    variants: number,
    ttl: number,
    slot: number,
  ): void;
  /**
   * Writes the probes of the batch's first `count` entries, that of slot 0 into the kernel's frame of number `frame`.
   * Returns in how many frames the facts have changed.
   */
  write(count: number, frame: number, timeMs: number): number;

  /** Gives the kernel's memory back; the builder is of no more use. */
  release(): void;
}

/** Makes the probes of one stage and campaign. Nothing is allocated per probe. */
export function createProbeBuilder(options: ProbeBuilderOptions): ProbeBuilder {
  const { stage, profile, source4, source6, kernel = createProbeKernel({ jobs: 1 }) } = options;
  const { words, bytes, places, facts } = kernel;
  const job = kernel.reserve();
  bytes.set(sipHashState(options.secret), job);
  for (const [number, variant] of VARIANTS.entries()) {
    if (source4 !== null) putTemplate(number, probeTemplate({ stage, family: 4, source: source4, variant, profile }));
    if (source6 !== null)
      putTemplate(IPV6_TEMPLATES + number, probeTemplate({ stage, family: 6, source: source6, variant, profile }));
  }
  const ttlMask = stage === "tracebox" ? TTL_MASK : 0;
  const firstEntry = kernel.batchAt / 4;
  const single = createTarget();

  function putTemplate(number: number, template: Uint8Array): void {
    bytes.set(template, job + JOB_TEMPLATES_AT + number * TEMPLATE_BYTES);
  }

  function add(entry: number, target: MutableTarget, variants: number, ttl: number, slot: number): void {
    const { words: address, port } = target;
    const isIpv4 = address[2] === MAPPED && address[0] === 0 && address[1] === 0;
    if ((isIpv4 ? source4 : source6) === null) throw noSource(isIpv4 ? 4 : 6);
    const word = firstEntry + entry * (ENTRY_BYTES / 4);
    words[word] = address[0] as number;
    words[word + 1] = address[1] as number;
    words[word + 2] = address[2] as number;
    words[word + 3] = address[3] as number;
    words[word + 4] = (swapBytes(port) >>> 16) | ((isIpv4 ? 0 : IPV6_TEMPLATES) << 16) | (ttl << 24);
    words[word + 5] = variants;
    words[word + 6] = slot;
  }

  function addIpv4(
    entry: number,
    targets: Int32Array,
    first: number,
    count: number,
    variants: number,
    ttl: number,
    slot: number,
  ): void {
    if (source4 === null) throw noSource(4);
    // Word by word: a view of the part, which `set` would want, would be garbage for each call.
    const { run } = kernel;
    for (let i = 0; i < 2 * count; i++) run[i] = targets[first + i] as number;
    kernel.addRun(entry, count, variants, ttl, slot);
  }

  function write(count: number, frame: number, timeMs: number): number {
    if (count > BATCH_PROBES) throw new RangeError(`${count} targets in a batch of ${BATCH_PROBES}`);
    // By floor, as `%` on a fraction is a call of C's fmod.
    const inModulus = Math.floor(timeMs) - Math.floor(timeMs / TIME_MODULUS_MS) * TIME_MODULUS_MS;
    return kernel.writeProbes(job, count, frame, swapBytes(inModulus << TTL_BITS), ttlMask);
  }

  /** Writes one probe into the kernel's first frame; returns its length. */
  function writeOne(target: Target, variant: Variant, ttl: number, timeMs: number): number {
    single.address.set(target.address);
    single.port = target.port;
    add(0, single, 1 << VARIANTS.indexOf(variant), ttl, 0);
    write(1, 0, timeMs);
    return lengthIn(facts[0] as number);
  }

  return {
    add,
    addIpv4,
    write,
    build(target, variant, ttl, timeMs, into) {
      const length = writeOne(target, variant, ttl, timeMs);
      const at = places[0] as number;
      for (let i = 0; i < length; i++) into[i] = bytes[at + i] as number;
      return length;
    },
    isVerbatim(target, variant, ttl, timeMs, quote, at, end) {
      const length = writeOne(target, variant, ttl, timeMs);
      if (end - at < length) return false;
      const probeAt = places[0] as number;
      const isIpv4 = (quote[at] as number) >>> 4 === 4;
      const tcpSumAt = isIpv4 ? 36 : 56;
      for (let i = 0; i < length; i++) {
        if (bytes[probeAt + i] === quote[at + i]) continue;
        const isTtlOrSum = isIpv4 ? i === 8 || i === 10 || i === 11 : i === 7;
        if (!isTtlOrSum && i !== tcpSumAt && i !== tcpSumAt + 1) return false;
      }
      return true;
    },
    release: () => kernel.release(job),
  };
}

/** Templates of IPv4 come first, one for each variant. */
const IPV6_TEMPLATES = 4;

function noSource(family: 4 | 6): UserError {
  return new UserError(`no IPv${family} source address for a probe`, {
    remedy: `give the interface an IPv${family} address or leave such targets out`,
  });
}
