import { addressFamily } from "../../shared/address/address.js";
import type { Behaviour, BehaviourOf } from "../../shared/middlebox/behaviour.js";
import { isUnknownOption, matches, type SegmentMatch } from "../../shared/middlebox/match.js";
import { segmentOf } from "../../shared/middlebox/segment.js";
import { optionName } from "../../shared/option/names.js";
import { decodeTcpOptions, OPTION_MPTCP } from "../../shared/option/tcp-options.js";
import { encodeTcpPacket } from "../../shared/packet/encode.js";
import { TCP_SYN } from "../../shared/packet/tcp.js";
import { encodeProbeOptions, profileFacts } from "../../shared/probe/profile.js";
import type { Variant } from "../../shared/probe/variant.js";

/** What the SYNs of that profile offer. */
const LINUX_WINDOW_SCALE = 7;

/** A SYN of the `linux` profile on its way, by what boxes have done to it so far. */
export interface TouchedSyn {
  readonly variant: Variant;
  readonly destination: Uint8Array;
  readonly port: number;
  /** Option kinds that were taken out. */
  readonly gone: ReadonlySet<number>;
  /** What quotes show: field → the last part of the condition's name. */
  readonly dirty: ReadonlyMap<string, string>;
}

/** How a SYN fares at a box. */
export type Fate =
  | { readonly kind: "passes"; readonly syn: TouchedSyn }
  | { readonly kind: "drop" | "reset" | "answer" };

/**
 * What a behaviour does to a SYN and what a quote behind it shows of that, worked out from what the behaviour means and
 * not by running it: the expectation that measurements in a simulated world are held against.
 */
export function fateAt(behaviour: Behaviour, syn: TouchedSyn): Fate {
  const passes = (changed: Partial<TouchedSyn> = {}): Fate => ({ kind: "passes", syn: { ...syn, ...changed } });
  const dirtied = (field: string, ending = "changed"): Fate => passes({ dirty: new Map(syn.dirty).set(field, ending) });
  switch (behaviour.kind) {
    case "strip": {
      if ((behaviour.afterPackets ?? 0) > 0 || !isMeant(behaviour.when, syn)) return passes();
      const carried = kindsOf(syn).filter((kind) => behaviour.options.includes(kind));
      const goes = carried.filter((kind) => kind !== OPTION_MPTCP || (behaviour.subtypes?.includes(0) ?? true));
      return without(syn, goes, behaviour.fill === "nop" ? "nop" : "removed");
    }
    case "truncate-options": {
      if (!isMeant(behaviour.when, syn)) return passes();
      const kinds = kindsOf(syn);
      const cutAt = kinds.indexOf(kinds.filter(isUnknownOption)[behaviour.unknown] ?? -1);
      return cutAt < 0 ? passes() : without(syn, kinds.slice(cutAt), "removed");
    }
    case "drop":
      return isMeant(behaviour.when, syn) ? { kind: "drop" } : passes();
    case "reset":
      return isMeant(behaviour.when, syn) ? { kind: "reset" } : passes();
    case "answer":
      return isMeant(behaviour.when, syn) ? { kind: "answer" } : passes();
    case "reorder-options":
      return isMeant(behaviour.when, syn) ? dirtied("tcp.option.order") : passes();
    case "clamp-mss":
      return behaviour.mss < (addressFamily(syn.destination) === 4 ? 1460 : 1440)
        ? dirtied("tcp.option.mss")
        : passes();
    case "set": {
      const field = isMeant(behaviour.when, syn)
        ? changedField(behaviour.field, behaviour.value, addressFamily(syn.destination) === 4)
        : null;
      if (field === null) return passes();
      return field === "ip.df" ? dirtied(field, "cleared") : dirtied(field);
    }
    case "shift-sequence":
      return dirtied("tcp.seq");
    case "translate":
      return behaviour.restoresQuotes ? passes() : dirtied("ip.source");
    case "echo":
    case "duplicate":
    case "split":
    case "requote":
      return passes();
  }
}

/** Kinds of the options that the SYN still has, padding left out. */
function kindsOf({ variant, destination, gone }: TouchedSyn): number[] {
  return decodeTcpOptions(encodeProbeOptions("linux", variant, addressFamily(destination)).bytes)
    .options.map(({ kind }) => kind)
    .filter((kind) => kind > 1 && !gone.has(kind));
}

function isMeant(when: SegmentMatch, syn: TouchedSyn): boolean {
  const { options } = decodeTcpOptions(encodeProbeOptions("linux", syn.variant, addressFamily(syn.destination)).bytes);
  const left = Buffer.concat(options.filter(({ kind }) => !syn.gone.has(kind)).map(({ bytes }) => bytes));
  const packet = encodeTcpPacket(
    { source: syn.destination, destination: syn.destination },
    {
      sourcePort: 61_000,
      destinationPort: syn.port,
      sequence: 1,
      flags: TCP_SYN,
      options: Buffer.concat([left], Math.ceil(left.length / 4) * 4),
    },
  );
  const segment = segmentOf(packet, "forth");
  return segment !== null && matches(when, segment);
}

function without(syn: TouchedSyn, kinds: readonly number[], ending: string): Fate {
  const dirty = new Map(syn.dirty);
  for (const kind of kinds) dirty.set(`tcp.option.${optionName(kind)}`, ending);
  return { kind: "passes", syn: { ...syn, gone: new Set([...syn.gone, ...kinds]), dirty } };
}

/** The field that a quote shows changed when a probe's own value is overwritten with another; null: none. */
function changedField(field: BehaviourOf<"set">["field"], value: number, isIpv4: boolean): string | null {
  switch (field) {
    case "ttl":
      return null;
    case "dscp":
      return value === 0 ? null : "ip.dscp";
    case "ecn":
      return value === 0 ? null : "ip.ecn";
    case "ip-id":
      return isIpv4 ? "ip.id" : null;
    case "dont-fragment":
      return isIpv4 && value === 0 ? "ip.df" : null;
    case "flow-label":
      return isIpv4 ? null : "ip.flowlabel";
    case "tcp-reserved":
      return value === 0 ? null : "tcp.reserved";
    case "tcp-window":
      return value === profileFacts("linux").window ? null : "tcp.window";
    case "tcp-window-scale":
      return value === LINUX_WINDOW_SCALE ? null : "tcp.option.ws";
    case "tcp-urgent":
      return value === 0 ? null : "tcp.urgent";
  }
}
