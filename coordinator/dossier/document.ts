/** What `parallax dossiers CAMPAIGN` answers; `--json` prints it as it is. Addresses are text, times Unix milliseconds. */
export interface Dossiers {
  readonly campaign: string;
  /** All vantage points that looked at a target. */
  readonly vantages: readonly string[];
  /** By the paths that show the box, most first. */
  readonly dossiers: readonly Dossier[];
  /** Boxes in all, also those behind the limit. */
  readonly boxes: number;
  /** Where networks and places come from, or why they are unknown: a line each. */
  readonly knowledge: readonly string[];
}

/**
 * - `at`: the box is the first hop that shows the change, or stands right in front of it
 * - `behind`: the box is the last hop that shows the field as sent, or stands right behind it
 * - `source`: it stands at the vantage point itself
 */
export type BoxPlace = "at" | "behind" | "source";

/** One box, as all paths of a campaign that share it know it. */
export interface Dossier {
  /** The hop that explains most of its paths; null where it stands at a vantage point. */
  readonly address: string | null;
  readonly place: BoxPlace;
  /** Name at the address; null where nobody asked for it or there is none. */
  readonly reverseName: string | null;
  readonly asn: number | null;
  readonly asName: string | null;
  readonly country: string | null;
  readonly exchange: string | null;
  /** Last clean hops, and first changed ones, of its paths; of many only some. A vantage point is no hop. */
  readonly after: readonly string[];
  readonly before: readonly string[];
  /** No router shows the change: only the answers in the targets' names do. */
  readonly seenInAnswersOnly: boolean;
  readonly behaviour: readonly { readonly condition: string; readonly paths: number }[];
  /** Known boxes that it looks like. */
  readonly fingerprints: readonly string[];
  /** Maximum segment sizes that it writes. */
  readonly segmentSizes: readonly number[];
  readonly quote: QuoteStyle | null;
  readonly seenFrom: readonly BoxDistance[];
  readonly targets: number;
  readonly paths: number;
  readonly examples: readonly { readonly target: string; readonly port: number }[];
  /** The highest of those of its intervals, 0 to 1. */
  readonly confidence: number;
  /** First and last answer of this campaign that shows it, or the start of an earlier or later campaign that has it. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Campaigns with a change of its kind at the same hop, by name. */
  readonly campaigns: readonly string[];
  /** What an operator's own scans found at the ends of its intervals, the last of each address; at `address` first. */
  readonly scans: readonly HostScan[];
}

/** What nmap found at an address. It is run by operators, and never by Parallax. */
export interface HostScan {
  readonly address: string;
  readonly scannedAtMs: number;
  /** File that was imported. */
  readonly file: string;
  readonly names: readonly string[];
  /** Open ones. Service and product are empty where unknown; the service of a TLS port begins with `ssl/`. */
  readonly ports: readonly OpenPort[];
  readonly os: { readonly name: string; readonly accuracyPercent: number } | null;
}

export interface OpenPort {
  readonly port: number;
  readonly protocol: string;
  readonly service: string;
  readonly product: string;
}

/** How the first changed hops write their ICMP errors (RFC 792, RFC 1812 section 4.3.2.3, RFC 4884). */
export interface QuoteStyle {
  /** Bytes of TCP in their quotes, fewest and most. */
  readonly tcpBytes: readonly [number, number];
  /** TTL that their errors start with, as far as those that arrive tell: the next of 32, 64, 128, 255. */
  readonly initialTtls: readonly number[];
  /** MPLS labels and interfaces that they tell behind the quote. */
  readonly extensions: readonly string[];
}

/** How far the box is from a vantage point that sees it. */
export interface BoxDistance {
  readonly vantage: string;
  readonly paths: number;
  /** Smallest TTL of the last clean hops (0: the vantage point), largest of the first changed ones. */
  readonly hops: readonly [number, number];
  /** Median round trip to the first changed hops, microseconds; null where none is known. */
  readonly rttUs: number | null;
}
