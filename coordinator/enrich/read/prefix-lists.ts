import type { NamedFile } from "../../hitlist/text-file.js";
import { type Entry, network, origin, parseAsn } from "../entry.js";
import { readLines } from "./lines.js";
import { canonicalPrefix, prefixesOfRange } from "./prefix.js";

const NO_PREFIX = "no prefix";
const NO_NETWORK = "no network number";

/**
 * CAIDA's prefix-to-AS files (Routeviews pfx2as): address, length and origin, parted by tabs. `_` parts the networks that
 * announce a prefix side by side (MOAS), `,` those of an AS set.
 */
export async function* readPfx2as(file: NamedFile): AsyncGenerator<Entry> {
  for await (const line of readLines(file)) {
    if (line === "") continue;
    const [address = "", length = "", asns = ""] = line.split("\t");
    const prefix = canonicalPrefix(`${address}/${length}`);
    const origins = asns.split(/[_,]/).map(parseAsn);
    if (prefix === null) yield { leftOut: NO_PREFIX, example: line };
    else if (origins.includes(null)) yield { leftOut: NO_NETWORK, example: line };
    else yield origin(prefix, origins as number[]);
  }
}

/** iptoasn.com: first and last address, network, country and description of ranges, parted by tabs; network 0 is not routed. */
export async function* readIptoasn(file: NamedFile): AsyncGenerator<Entry> {
  const named = new Set<number>();
  for await (const line of readLines(file)) {
    if (line === "") continue;
    const [first = "", last = "", number = "", country = "", name = ""] = line.split("\t");
    const prefixes = prefixesOfRange(first, last);
    const asn = parseAsn(number);
    if (prefixes === null) yield { leftOut: "no range of addresses", example: line };
    else if (asn === null) yield { leftOut: number === "0" ? "not routed" : NO_NETWORK, example: line };
    else {
      for (const prefix of prefixes) yield origin(prefix, [asn]);
      if (!named.has(asn)) yield network("names", { asn, name, country: /^[A-Z]{2}$/.test(country) ? country : "" });
      named.add(asn);
    }
  }
}

/**
 * `bgpdump -m` of a routing table: a line for each prefix and peer, fields parted by `|`; the origin is the end of the AS
 * path. Lines of one prefix follow each other, and the origin that most peers see is the first.
 */
export async function* readBgpdump(file: NamedFile): AsyncGenerator<Entry> {
  let current = "";
  let votes = new Map<number, number>();
  const finished = function* (): Generator<Entry> {
    if (votes.size === 0) return;
    const byVotes = [...votes].sort(([a, votesOfA], [b, votesOfB]) => votesOfB - votesOfA || a - b);
    yield origin(
      current,
      byVotes.map(([asn]) => asn),
    );
  };
  for await (const line of readLines(file)) {
    if (line === "") continue;
    const [type = "", , , , , prefixText = "", path = ""] = line.split("|");
    if (!type.startsWith("TABLE_DUMP")) {
      yield { leftOut: "no line of a routing table", example: line };
      continue;
    }
    const prefix = canonicalPrefix(prefixText);
    const origins = originsOfPath(path);
    if (prefix === null) yield { leftOut: NO_PREFIX, example: line };
    else if (origins === null) yield { leftOut: "no origin at the end of the AS path", example: line };
    else {
      if (prefix !== current) {
        yield* finished();
        current = prefix;
        votes = new Map();
      }
      for (const asn of origins) votes.set(asn, (votes.get(asn) ?? 0) + 1);
    }
  }
  yield* finished();
}

/** The last network of a path, or all of the AS set (`{64500,64501}`) that ends it. */
function originsOfPath(path: string): number[] | null {
  const last = path.trim().split(" ").at(-1) ?? "";
  const origins = last
    .replace(/^\{(.*)\}$/, "$1")
    .split(",")
    .map(parseAsn);
  return origins.includes(null) ? null : (origins as number[]);
}
