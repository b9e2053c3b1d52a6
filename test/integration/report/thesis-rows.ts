import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import type { FactRow, SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import { CHANGING_HOPS, NETWORKS, OUTCOMES, SCANS, type Scan, SUPERSETS } from "./thesis-numbers.js";

/** Plain replies are a thousandth of the thesis's: they only count. */
const PLAIN_SCALE = 1_000;

type Kind = "claim" | "echo" | "plain";

/** Hosts of one kind that a scan met, by their number among those that any scan of its family and port met. */
interface Share {
  readonly kind: Kind;
  readonly first: number;
  readonly size: number;
  readonly pool: number;
}

const NOTHING = new Uint8Array(0);
const OPTIONS: Readonly<Record<Kind, Uint8Array>> = {
  claim: Uint8Array.from([2, 4, 5, 172, 30, 12, 0, 129, 210, 15, 164, 147, 0, 189, 162, 61]),
  echo: Uint8Array.from([2, 4, 0, 1, 30, 12, 0, 129, 12, 12, 12, 12, 12, 12, 12, 12]),
  plain: Uint8Array.from([2, 4, 5, 180]),
};
const VERDICTS = { claim: "claims-v0", echo: "echo", plain: "plain" } as const;
const OTHERS_IN_ONE_NETWORK = 20;

export const plainOf = ({ targets, mpCapable }: Pick<Scan, "targets" | "mpCapable">): number =>
  Math.round((targets - mpCapable) / PLAIN_SCALE);

/**
 * What a scan met. The scans of a family and port take turns around the circle of all hosts of a kind, each going on where
 * the one before it ended, so that together they meet all of them.
 */
function sharesOf(scan: Scan): Share[] {
  const superset = SUPERSETS.find(({ family, port }) => family === scan.family && port === scan.port);
  if (superset === undefined) throw new RangeError(`no superset for ${scan.label}`);
  const sizes = (of: Pick<Scan, "targets" | "mpCapable" | "differentKey">) => ({
    claim: of.differentKey,
    echo: of.mpCapable - of.differentKey,
    plain: plainOf(of),
  });
  const before = SCANS.slice(0, SCANS.indexOf(scan)).filter(
    ({ family, port }) => family === scan.family && port === scan.port,
  );
  return (["claim", "echo", "plain"] as const).map((kind) => {
    const pool = sizes(superset)[kind];
    const first = before.reduce((sum, other) => sum + sizes(other)[kind], 0) % pool;
    return { kind, first, size: sizes(scan)[kind], pool };
  });
}

/**
 * Address of a host. The truly capable hosts of D and Y are in the /16 networks of `networkPrefixes`, all others in blocks
 * of their kind, of which nobody knows the network.
 */
function addressOf(scan: Scan, { kind, pool }: Share, number: number): Uint8Array {
  if (scan.family === "IPv6") {
    return parseAddress(`2001:db8:${scan.port}:${{ claim: 1, echo: 2, plain: 3 }[kind]}::${number.toString(16)}`);
  }
  const traced = SCANS.find(({ label, port }) => (label === "D" || label === "Y") && port === scan.port);
  if (kind === "claim" && traced !== undefined) {
    const [claims] = sharesOf(traced);
    const place = (number - (claims?.first ?? 0) + pool) % pool;
    const network = networkOfPlace(traced.label as "D" | "Y", place);
    if (network !== null) return parseAddress(network);
  }
  const block = { claim: 32, echo: 64, plain: 96 }[kind] + (scan.port === 443 ? 16 : 0);
  return parseAddress(`${block + (number >>> 16)}.${0}.${(number >>> 8) & 255}.${number & 255}`);
}

const networkText = (label: "D" | "Y", network: number, host: number): string =>
  `${label === "D" ? 20 : 21}.${network}.${host >>> 8}.${host & 255}`;

/** Address of the truly capable host in that place; null for a host that is not. */
function networkOfPlace(label: "D" | "Y", place: number): string | null {
  if (place >= OUTCOMES[label].mptcp) return null;
  let rest = place;
  for (const [i, { amount }] of NETWORKS[label].entries()) {
    if (rest < amount) return networkText(label, i, rest);
    rest -= amount;
  }
  const other = NETWORKS[label].length + Math.floor(rest / OTHERS_IN_ONE_NETWORK);
  return networkText(label, other, rest % OTHERS_IN_ONE_NETWORK);
}

/** Networks of the truly capable hosts as prefix and number; others are many, and small. */
export function networkPrefixes(): [prefix: string, asn: number][] {
  return (["D", "Y"] as const).flatMap((label) => {
    const named = NETWORKS[label].map(({ asn }, i): [string, number] => [
      `${label === "D" ? 20 : 21}.${i}.0.0/16`,
      asn,
    ]);
    const others = Array.from({ length: 256 - named.length }, (_, i): [string, number] => [
      `${label === "D" ? 20 : 21}.${named.length + i}.0.0/16`,
      64_512 + i,
    ]);
    return [...named, ...others];
  });
}

/** Every reply of a scan, as an agent would have written it. */
function* repliesOf(scan: Scan): Generator<SynReplyRow> {
  let index = 0;
  for (const share of sharesOf(scan)) {
    for (let i = 0; i < share.size; i++) {
      const target = addressOf(scan, share, (share.first + i) % share.pool);
      yield {
        table: "syn_replies",
        source: "synscan",
        index: index++,
        target,
        port: scan.port,
        variant: "v0",
        verdict: VERDICTS[share.kind],
        receivedAtUs: Date.parse(scan.date) * 1000,
        rttUs: null,
        responder: target,
        ttl: 50,
        tcpFlags: 0x12,
        window: 65_535,
        receiverKey: null,
        options: OPTIONS[share.kind],
        icmpType: 0,
        icmpCode: 0,
        quote: NOTHING,
      };
    }
  }
}

/** The traces of D and Y: all hosts with a key of their own, and of D the hosts with the same key behind changing hops. */
function* hopsOf(scan: Scan): Generator<TraceHopRow> {
  if (scan.label !== "D" && scan.label !== "Y") return;
  const [claims, echoes] = sharesOf(scan);
  if (claims === undefined || echoes === undefined) return;
  const outcomes = Object.entries(OUTCOMES[scan.label]).flatMap(([outcome, hosts]) =>
    Array<string>(hosts).fill(outcome),
  );
  for (const [i, outcome] of outcomes.entries()) {
    const target = addressOf(scan, claims, (claims.first + i) % claims.pool);
    yield hop(scan, target, 1, "192.0.2.1", []);
    if (outcome === "middlebox-near-host") yield hop(scan, target, 2, "192.0.2.2", ["tcp.option.mptcp.removed"]);
    if (outcome !== "not-reached") yield answer(scan, target, 3, outcome === "mptcp" ? "claims-v0" : "plain");
  }
  if (scan.label === "Y") return;
  const changing = CHANGING_HOPS.flatMap(([address, paths]) => Array<string>(paths).fill(address));
  for (const [i, address] of changing.entries()) {
    const target = addressOf(scan, echoes, (echoes.first + i) % echoes.pool);
    yield hop(scan, target, 1, "192.0.2.1", []);
    yield hop(scan, target, 12, address, ["tcp.option.mptcp.removed"]);
    yield answer(scan, target, 17, "plain");
  }
}

function hop(scan: Scan, target: Uint8Array, ttl: number, responder: string, changes: readonly string[]): TraceHopRow {
  return {
    table: "trace_hops",
    source: "tracebox",
    index: 0,
    target,
    port: scan.port,
    variant: "v0",
    ttl,
    kind: "time-exceeded",
    responder: parseAddress(responder),
    receivedAtUs: Date.parse(scan.date) * 1000,
    rttUs: ttl * 1_000,
    replyTtl: 64 - ttl,
    verdict: "",
    mptcp: changes.length > 0 ? "stripped-removed" : "unmodified",
    changes,
    unobservable: [],
    quote: NOTHING,
    options: NOTHING,
    icmpType: 11,
    icmpCode: 0,
    firstDifferenceBit: null,
    icmpExtensions: [],
    sentFrom: parseAddress("203.0.113.1"),
  };
}

function answer(scan: Scan, target: Uint8Array, ttl: number, verdict: "claims-v0" | "plain"): TraceHopRow {
  const answered = hop(scan, target, ttl, formatAddress(target), []);
  return { ...answered, kind: "synack", verdict, mptcp: "unobservable", icmpType: 0 };
}

/** All rows of a scan. */
export function* rowsOf(scan: Scan): Generator<FactRow> {
  yield* repliesOf(scan);
  yield* hopsOf(scan);
}
