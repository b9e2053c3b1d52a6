import type { TraceHopRow } from "../../shared/batch/rows.js";
import { UserError } from "../../shared/errors.js";
import type { Answer } from "../../shared/exchange/read-exchanges.js";
import type { SentSyn } from "../../shared/exchange/sent-syn.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import type { Target } from "../../shared/target/source.js";
import { classifySynReply } from "../../shared/verdict/syn-reply.js";
import { traceHopRow } from "./row.js";

/** The traces that a capture shows, from its probes and answers in their order. */
export interface CapturedTraces {
  sent(syn: SentSyn): void;
  /** Throws UserError when there are too many answers to hold. */
  answered(answer: Answer): void;
  /** In the order of their targets' first probes. */
  traces(): CapturedTrace[];
  /** Targets that were asked, but with one TTL and without an answer from the way: by scans, or ordinary connections. */
  readonly untraced: number;
}

export interface CapturedTrace {
  readonly target: Target;
  readonly variant: Variant;
  /** By ascending TTL; one answer for each. */
  readonly hops: readonly TraceHopRow[];
}

interface TracedVariant {
  readonly ttls: Set<number>;
  readonly hops: Map<number, TraceHopRow>;
  /** Where the target answered; infinite until then. */
  finalTtl: number;
}

interface TracedTarget {
  readonly index: number;
  readonly target: Target;
  readonly variants: Map<Variant, TracedVariant>;
}

/** What rows have as their target source. */
const SOURCE = "capture";
/** About a gigabyte. */
const MOST_HOPS = 500_000;

export function createCapturedTraces(): CapturedTraces {
  const targets = new Map<string, TracedTarget>();
  let hops = 0;

  function targetOf({ ip, destinationPort }: SentSyn): TracedTarget {
    const key = `${String.fromCharCode(...ip.destination)}${destinationPort}`;
    const known = targets.get(key);
    if (known !== undefined) return known;
    const target = { address: ip.destination, port: destinationPort };
    const made = { index: targets.size, target, variants: new Map() };
    targets.set(key, made);
    return made;
  }

  function traceOf({ variants }: TracedTarget, { variant }: SentSyn): TracedVariant {
    const trace = variants.get(variant) ?? { ttls: new Set(), hops: new Map(), finalTtl: Number.POSITIVE_INFINITY };
    variants.set(variant, trace);
    return trace;
  }

  return {
    sent(syn) {
      traceOf(targetOf(syn), syn).ttls.add(syn.ip.ttl);
    },
    answered({ syn, from, packet, capturedUs, rttUs }) {
      const traced = targetOf(syn);
      const trace = traceOf(traced, syn);
      const { ttl } = syn.ip;
      if (trace.hops.has(ttl) || ttl > trace.finalTtl) return;
      if (++hops > MOST_HOPS) {
        throw new UserError(`the capture holds more than ${MOST_HOPS} hops`, { remedy: "name targets to look at" });
      }
      if (from !== "time-exceeded") trace.finalTtl = ttl;
      const { address, port } = traced.target;
      const match = { variant: syn.variant, address, port, ttl, sentTimeMs26: null };
      const { verdict } = classifySynReply(syn.question, packet);
      const reply = { packet, match, capturedUs: capturedUs ?? 0 };
      const row = { source: SOURCE, index: traced.index, reply, ttl, kind: from, rttUs, probe: syn.bytes, verdict };
      trace.hops.set(ttl, traceHopRow(row));
    },
    traces: () =>
      [...targets.values()].flatMap(({ target, variants }) =>
        VARIANTS.flatMap((variant) => {
          const trace = variants.get(variant);
          if (trace === undefined || !isTrace(trace)) return [];
          return [{ target, variant, hops: [...trace.hops.values()].sort((a, b) => a.ttl - b.ttl) }];
        }),
      ),
    get untraced() {
      return [...targets.values()].filter(({ variants }) => ![...variants.values()].some(isTrace)).length;
    },
  };
}

function isTrace({ ttls, hops }: TracedVariant): boolean {
  return ttls.size > 1 || [...hops.values()].some(({ kind }) => kind === "time-exceeded");
}
