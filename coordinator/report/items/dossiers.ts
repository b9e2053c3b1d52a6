import { boxesSql } from "../../dossier/boxes.js";
import { CAMPAIGN, code, count, decimal, number, type ReportItem, text } from "../item.js";

/** Boxes that a page shows; the CSV file has them all. */
const SHOWN = 25;

/** What a column says of the scans of a box, each behind its address, where it says something; null where none does. */
const ofScans = (words: string): string =>
  `nullIf(arrayStringConcat(arrayMap(scan -> concat(scan.1, ': ', ${words}), arrayFilter(scan -> ${words} != '', scans)), '; '), '')`;
const OPEN_PORTS =
  "if(empty(scan.5), 'none', arrayStringConcat(arrayMap(port -> concat(toString(port.1), '/', port.2, ' ', port.3), scan.5), ' '))";

/** Paths that share a box, under the hop that explains most of them. */
export const DOSSIER_ITEM: ReportItem = {
  id: "dossiers",
  title: "Middlebox dossiers",
  about:
    "Paths that share a box, by the hop that explains most of them: of the last hop that quoted a field as it was sent and " +
    "the first that quoted it changed, the one at which more such paths meet. Rewritten DSCP and ECN are not counted. Ports " +
    "and systems are what an operator's own scans with nmap found at the ends of its intervals.",
  columns: [
    CAMPAIGN,
    code("box", "Box at"),
    text("behaviour", "What it does"),
    count("paths", "Paths"),
    count("targets", "Targets"),
    text("vantages", "Seen from"),
    text("hops", "Hops away"),
    decimal("rtt_ms", "Round trip, ms"),
    text("quote_bytes", "Quotes, bytes of TCP"),
    text("fingerprints", "Looks like"),
    number("asn", "ASN"),
    text("network", "AS name"),
    text("location", "Location"),
    text("first_seen", "First seen"),
    text("last_seen", "Last seen"),
    decimal("confidence", "Confidence"),
    text("open_ports", "Open ports by nmap"),
    text("system", "System by nmap"),
    text("scanned", "Scanned"),
  ],
  over: "each",
  split: ["campaign"],
  top: { rows: SHOWN },
  sql: ({ lookups }) => `
    SELECT box, arrayStringConcat(arrayMap(kind -> kind.1, behaviour), ' ') AS behaviour, path_count AS paths, targets,
      arrayStringConcat(arrayMap(sight -> sight.1, seen_from), ' ') AS vantages,
      concat(toString(arrayMin(arrayMap(sight -> sight.3, seen_from))), ' to ',
        toString(arrayMax(arrayMap(sight -> sight.4, seen_from)))) AS hops,
      round(arrayMin(arrayFilter(rtt -> rtt IS NOT NULL, arrayMap(sight -> sight.5, seen_from))) / 1000, 3) AS rtt_ms,
      if(most_bytes IS NULL, NULL, concat(toString(fewest_bytes), ' to ', toString(most_bytes))) AS quote_bytes,
      arrayStringConcat(known_boxes, ' ') AS fingerprints, nullIf(hop_asn, 0) AS asn,
      if(as_name = '', 'unknown', as_name) AS network, if(hop_country = '', 'unknown', hop_country) AS location,
      toString(toDate(fromUnixTimestamp64Milli(first_seen_ms, 'UTC'))) AS first_seen,
      toString(toDate(fromUnixTimestamp64Milli(last_seen_ms, 'UTC'))) AS last_seen,
      sure AS confidence,
      ${ofScans(OPEN_PORTS)} AS open_ports,
      ${ofScans("if(scan.6 = '', '', concat(scan.6, ' (', toString(scan.7), ' %)'))")} AS system,
      ${ofScans("toString(toDate(toDateTime(scan.2, 'UTC')))")} AS scanned
    FROM (${boxesSql(lookups).replace("{limit:UInt32}", "1000000")})
    ORDER BY paths DESC, box`,
  absent: () => "no trace shows a change",
};
