import { createSimHash } from "../../../agent/sim/hash.js";
import { createSeededWorld } from "../../../agent/sim/seeded.js";
import { sharesSchema } from "../../../agent/sim/seeded-spec.js";
import { changesOn, judge } from "../../../coordinator/compare/judge.js";
import { addressFamily, formatAddress, ipv4FromNumber, parseAddress } from "../../../shared/address/address.js";
import type { SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import { viewOf } from "./findings.js";
import { createSimKit } from "./sim-kit.js";

/** Nobody on the way changes anything; routers quote in all ways, some say nothing. */
const CLEAN = sharesSchema.parse({ dark: 0.2, hosts: 0.7, headerBoxes: 0, optionBoxes: 0, echoes: 0 });
const VARIANTS = 3;

/** Ways to quote that can be told apart afterwards. */
export const QUOTE_STYLES = [
  "whole",
  "8 bytes",
  "28 bytes",
  "padded",
  "length swapped",
  "TTL 0",
  "MPLS label",
  "MPLS labels without length",
  "interface",
] as const;
type QuoteStyle = (typeof QUOTE_STYLES)[number];

export interface CleanPaths {
  /** Traces: each path is looked at with MP_CAPABLE v0, v1 and without. */
  readonly traces: number;
  readonly answers: number;
  readonly styles: ReadonlyMap<QuoteStyle, number>;
  /** What was found on them, an address and its changes a line: a false one each. */
  readonly findings: readonly string[];
}

/**
 * Scans and traces the paths with numbers `[first, first + count)` in a simulated world of their own, where `loss` of the
 * packets are lost on each way.
 */
export async function traceCleanPaths(first: number, count: number, loss = 0): Promise<CleanPaths> {
  const addresses = Array.from({ length: count }, (_, i) => addressOf(first + i));
  const world = createSeededWorld(CLEAN, createSimHash(`clean ${first}`));
  const kit = () =>
    createSimKit({
      world,
      vantage: "fra",
      targets: { kind: "list", targets: addresses.map((address) => ({ address, port: 80 })), from: 0, size: count },
      packetsPerSecond: 1_000_000,
      seed: first,
      slots: 4_096,
      loss,
    });
  const replies = byIndex<SynReplyRow>(await kit().scan());
  const rows = await kit().trace();
  const hops = byIndex<TraceHopRow>(rows);
  const styles = new Map<QuoteStyle, number>();
  for (const style of rows.map(styleOf)) if (style !== null) styles.set(style, (styles.get(style) ?? 0) + 1);
  const findings = addresses.flatMap((address, index) => {
    const own = hops.get(index) ?? [];
    const view = viewOf(own, replies.get(index) ?? [], index);
    const changes = changesOn([view]);
    const { placement } = judge([view], changes);
    const differences = own.flatMap(({ firstDifferenceBit: bit }) => (bit === null ? [] : [`bit ${bit}`]));
    const found = [...own.flatMap((row) => row.changes), ...differences, ...changes.map(({ condition }) => condition)];
    if (placement.result !== "agree") found.push(placement.result);
    return found.length === 0 ? [] : `${formatAddress(address)} ${found.join(", ")}`;
  });
  return { traces: count * VARIANTS, answers: rows.length, styles, findings };
}

function byIndex<T extends { readonly index: number }>(rows: readonly T[]): Map<number, T[]> {
  const found = new Map<number, T[]>();
  for (const row of rows) found.set(row.index, [...(found.get(row.index) ?? []), row]);
  return found;
}

/** Every fourth address is of IPv6; all are in networks of their own. */
function addressOf(number: number): Uint8Array {
  if (number % 4 > 0) return ipv4FromNumber((0x0b00_0000 + number * 0x81_07) >>> 0);
  return parseAddress(`2001:${(number >>> 12).toString(16)}:${(number & 0xfff).toString(16)}::${(number % 64) + 2}`);
}

/** Null for the answer of a host. */
function styleOf({ quote, target, icmpExtensions: [told, more] }: TraceHopRow): QuoteStyle | null {
  if (quote.length === 0) return null;
  if (told !== undefined) {
    if (told.startsWith("interface")) return "interface";
    return more === undefined ? "MPLS label" : "MPLS labels without length";
  }
  const isIpv4 = addressFamily(target) === 4;
  if (quote[isIpv4 ? 8 : 7] === 0) return "TTL 0";
  // A probe is shorter than 256 bytes.
  if (isIpv4 && quote[2] !== 0) return "length swapped";
  if (isIpv4 && quote.length === 28) return "8 bytes";
  if (isIpv4 && quote.length === 48) return "28 bytes";
  return quote.length === 128 ? "padded" : "whole";
}
