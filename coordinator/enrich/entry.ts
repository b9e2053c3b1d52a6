/** Kinds of files that can be imported. */
export const FILE_KINDS = ["maxmind", "pfx2as", "iptoasn", "bgpdump", "peeringdb", "asrank", "nmap"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** What a snapshot tells that one snapshot at a time is asked for: each is pinned by itself, a new file replaces what it has. */
export const PINNED_TOPICS = ["origins", "places", "exchanges", "networks", "ranks", "names"] as const;
/** And what all of them are asked for: an operator's scans, of which each has a few addresses. */
export const TOPICS = [...PINNED_TOPICS, "scans"] as const;
export type Topic = (typeof TOPICS)[number];

/** The table of each topic. */
export const TOPIC_TABLES = {
  origins: "prefix_asn",
  places: "prefix_geo",
  exchanges: "ixps",
  networks: "as_info",
  ranks: "as_info",
  names: "as_info",
  scans: "host_scans",
} as const satisfies Record<Topic, string>;

/** One thing that a file says, as a row of its topic's table without the snapshot; or an entry that cannot be used. */
export type Entry =
  | { readonly topic: Topic; readonly row: Readonly<Record<string, unknown>> }
  | { readonly leftOut: string; readonly example: string };

/** What was read, and of what date the data are where the file says so (`YYYY-MM-DD`): it is asked behind the last entry. */
export interface FileContent {
  readonly date: string | null;
  readonly entries: AsyncIterable<Entry> | Iterable<Entry>;
}

export function origin(prefix: string, [asn = 0, ...others]: readonly number[]): Entry {
  return { topic: "origins", row: { prefix, asn, others } };
}

/** What a file says of a network; what it does not say is empty. */
export function network(topic: "networks" | "ranks" | "names", row: NetworkRow): Entry {
  const nothing = { name: "", organisation: "", country: "", network_type: "", rank: 0, cone: 0 };
  return { topic, row: { ...nothing, ...row } };
}

interface NetworkRow {
  readonly asn: number;
  readonly name?: string;
  readonly organisation?: string;
  readonly country?: string;
  readonly network_type?: string;
  readonly rank?: number;
  readonly cone?: number;
}

/** A network's number, in decimal digits or as `AS123`; null for 0, for what is none, and beyond 32 bits. */
export function parseAsn(text: string): number | null {
  const digits = /^(?:AS)?(\d{1,10})$/i.exec(text.trim())?.[1];
  const asn = Number(digits);
  return digits !== undefined && asn > 0 && asn < 2 ** 32 ? asn : null;
}
