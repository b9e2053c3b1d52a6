import { createHash, randomBytes } from "node:crypto";
import { ipv4FromNumber } from "../../../shared/address/address.js";
import { createProbeBuilder, type ProbeBuilder } from "../../../shared/probe/build.js";
import { encodeProbeOptions } from "../../../shared/probe/profile.js";
import type { TargetSource } from "../../../shared/target/source.js";
import { openTargetSource, type TargetSourceSpec } from "../../../shared/target/spec.js";
import type { AskedTargets } from "../targets.js";
import { chooseIntervals } from "./amount.js";
import { bytesOnWire, packetsOfBandwidth } from "./rate.js";
import type { ScanRequest } from "./request.js";

/** What makes the order of the targets and the fields of the probes; both 16 bytes. */
export interface ScanKeys {
  readonly secret: Uint8Array;
  readonly permutationKey: Uint8Array;
}

/** The targets of one family, and which of their indices this scan asks. */
export interface PlannedSource {
  readonly family: 4 | 6;
  /** As rows carry it. */
  readonly id: string;
  readonly spec: TargetSourceSpec;
  readonly source: TargetSource;
  readonly from: number;
  readonly to: number;
  readonly addresses: number;
  /** One of the targets: the route to it is the route to all. */
  readonly towards: Uint8Array;
}

export interface ScanPlan {
  readonly keys: ScanKeys;
  readonly sources: readonly PlannedSource[];
  /** Targets that this scan asks, over all sources. */
  readonly targets: number;
  /** Bytes that a probe takes on an Ethernet link, on average over what is sent. */
  readonly meanBytesOnWire: number;
  readonly packetsPerSecond: number;
}

/**
 * Keys of a new scan. With a seed the order of the targets follows from it, the same on every machine; the secret never
 * does, for who knows it can forge replies.
 */
export function newKeys(seed: number | null): ScanKeys {
  const permutationKey =
    seed === null ? randomBytes(16) : createHash("sha256").update(`parallax order ${seed}`).digest().subarray(0, 16);
  return { secret: randomBytes(16), permutationKey };
}

/** IPv4 targets in permuted order, IPv6 targets as they were listed. `mostPacketsPerSecond` is the agent's own cap. */
export function planScan(
  request: ScanRequest,
  asked: AskedTargets,
  keys: ScanKeys,
  mostPacketsPerSecond: number | null,
): ScanPlan {
  const found = [source4(request, asked, keys), source6(request, asked)].filter((one) => one !== null);
  const intervals = chooseIntervals(
    found.map(({ source }) => source.size),
    request.mostTargets,
    request,
  );
  const sources = found
    .map((one, i): PlannedSource => ({ ...one, ...(intervals[i] ?? { from: 0, to: 0 }) }))
    .filter(({ from, to }) => to > from);
  const meanBytesOnWire = meanBytes(request, sources);
  const wanted =
    request.bitsPerSecond === null
      ? (request.packetsPerSecond ?? 0)
      : packetsOfBandwidth(request.bitsPerSecond, meanBytesOnWire);
  return {
    keys,
    sources,
    targets: sources.reduce((sum, { from, to }) => sum + to - from, 0),
    meanBytesOnWire,
    packetsPerSecond: Math.min(wanted, mostPacketsPerSecond ?? Number.POSITIVE_INFINITY),
  };
}

type FoundSource = Omit<PlannedSource, "from" | "to">;

function source4({ ports }: ScanRequest, { ipv4 }: AskedTargets, { permutationKey }: ScanKeys): FoundSource | null {
  if (ipv4.size === 0) return null;
  const towards = ipv4FromNumber(ipv4.addressAtRank(0));
  return found(4, ports, { kind: "space", ranges: ipv4.ranges, ports, permutationKey }, ipv4.size, towards);
}

function source6({ ports }: ScanRequest, { ipv6 }: AskedTargets): FoundSource | null {
  const [towards] = ipv6;
  if (towards === undefined) return null;
  const targets = ipv6.flatMap((address) => ports.map((port) => ({ address, port })));
  return found(6, ports, { kind: "list", targets, from: 0, size: targets.length }, ipv6.length, towards);
}

function found(
  family: 4 | 6,
  ports: readonly number[],
  spec: TargetSourceSpec,
  addresses: number,
  towards: Uint8Array,
): FoundSource {
  const id = `synscan/v${family}/${ports.join("+")}`;
  return { family, id, spec, source: openTargetSource(spec), addresses, towards };
}

/** A builder of this scan's probes, with these source addresses. */
export function probeBuilder(
  { profile }: Pick<ScanRequest, "profile">,
  { secret }: ScanKeys,
  sources: { readonly source4: Uint8Array | null; readonly source6: Uint8Array | null },
): ProbeBuilder {
  return createProbeBuilder({ secret, stage: "synscan", profile, ...sources });
}

const IP_HEADER = { 4: 20, 6: 40 } as const;
const TCP_HEADER = 20;

/** Lengths of a target's probes, from the IP header on: the same for every target of a family. */
function probeBytes({ profile, variants }: ScanRequest, family: 4 | 6): number[] {
  const options = variants.map((variant) => encodeProbeOptions(profile, variant, family).bytes.length);
  return options.map((bytes) => IP_HEADER[family] + TCP_HEADER + bytes);
}

function meanBytes(request: ScanRequest, sources: readonly PlannedSource[]): number {
  let bytes = 0;
  let packets = 0;
  for (const { family, from, to } of sources) {
    const each = probeBytes(request, family).map(bytesOnWire);
    bytes += each.reduce((sum, one) => sum + one, 0) * (to - from);
    packets += each.length * (to - from);
  }
  return packets === 0 ? bytesOnWire(0) : bytes / packets;
}
