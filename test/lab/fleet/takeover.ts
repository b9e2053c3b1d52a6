import type { CapturedProbe } from "../promises/capture.js";

export interface Interval {
  readonly source: string;
  readonly epoch: string;
  readonly from: string;
  readonly to: string;
  readonly agent: string;
}

/** What became of the work of an agent that was killed or frozen. */
export interface Takeover {
  /** Indices that its leases still had and that it never sent. */
  readonly leftToSend: number;
  /** Indices that it had sent and that others sent again. */
  readonly repeated: number;
  /** Of these, those that no coverage calls uncertain. */
  readonly unrecorded: number;
  /** From its end until somebody else first sent what had been its own; Infinity: nobody did. */
  readonly afterMs: number;
}

export interface TakeoverInput {
  readonly agent: string;
  readonly endedAtMs: number;
  /** Of one port, by time. */
  readonly probes: readonly CapturedProbe[];
  /** Coverage of kind `uncertain` of this port. A lease reaches at least as far. */
  readonly uncertain: readonly Interval[];
  readonly indexOf: ReadonlyMap<number, number>;
}

/** From packets and coverage alone. Throws when a packet went to no target of the campaign. */
export function takeoverOf({ agent, endedAtMs, probes, uncertain, indexOf }: TakeoverInput): Takeover {
  const own = new Set<number>();
  const others = new Map<number, number>();
  for (const probe of probes) {
    const index = indexOf.get(probe.target);
    if (index === undefined) throw new Error(`${probe.target} is no target`);
    if (probe.agent === agent) own.add(index);
    else if (!others.has(index)) others.set(index, probe.atMs);
  }
  const its = uncertain.filter((one) => one.agent === agent);
  const leases = its.flatMap(({ from, to }) =>
    Array.from({ length: Number(to) - Number(from) }, (_, i) => Number(from) + i),
  );
  const repeated = [...own].filter((index) => others.has(index));
  const known = new Set(leases);
  return {
    leftToSend: leases.filter((index) => !own.has(index)).length,
    repeated: repeated.length,
    unrecorded: repeated.filter((index) => !known.has(index)).length,
    afterMs: Math.min(...leases.map((index) => others.get(index) ?? Number.POSITIVE_INFINITY)) - endedAtMs,
  };
}
