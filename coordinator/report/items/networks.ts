import { SCANNED_EVER } from "../hosts.js";
import { CAMPAIGN, count, FAMILY, number, PORT, type ReportContext, type ReportItem, text } from "../item.js";
import { CAPABLE, NOT_TRACED } from "../outcome.js";

const NETWORK = [
  count("amount", "Amount"),
  number("asn", "ASN"),
  text("name", "Name"),
  number("rank", "Rank"),
  text("location", "Location"),
  text("network_type", "Network type"),
];

/** Counts `hosts` (a row per target, with family and port) by the network that announces them. */
const byNetwork = (hosts: string, { lookups }: ReportContext): string => `
  SELECT family, port, amount, nullIf(counted.asn, 0) AS asn,
    if(networks.name = '', 'unknown', networks.name) AS name, nullIf(networks.rank, 0) AS rank,
    if(networks.country = '', 'unknown', networks.country) AS location,
    if(networks.network_type = '', 'unknown', networks.network_type) AS network_type
  FROM (
    SELECT family, port, ${lookups.asn("target")} AS asn, count() AS amount FROM (${hosts}) GROUP BY family, port, asn
  ) AS counted
  LEFT JOIN ${lookups.networks} AS networks ON networks.asn = counted.asn
  ORDER BY family, port, amount DESC, counted.asn`;

const TOP = { rows: 10, count: "amount" };

/** Tables 4.2, 4.3, 4.5, 4.6, 4.8 and 4.9 of the thesis. */
export const NETWORK_ITEMS: readonly ReportItem[] = [
  {
    id: "table-4.2-networks-different-key",
    title: "Networks of hosts with a different key",
    about:
      "Tables 4.2, 4.3, 4.5 and 4.6: hosts that answered any of the scans with MP_CAPABLE and a key of their own, by the " +
      "network that announces their address. The page has the first ten, the file all.",
    columns: [FAMILY, PORT, ...NETWORK],
    over: "all",
    split: ["family", "port"],
    top: TOP,
    sql: (context) => byNetwork(`SELECT * FROM (${SCANNED_EVER}) WHERE different_key`, context),
    absent: () => "no host answered with a key of its own",
  },
  {
    id: "table-4.8-networks-capable",
    title: "Networks of truly capable hosts",
    about:
      "Tables 4.8 and 4.9: hosts whose answer was traced back to themselves over a path that leaves the option alone, or " +
      "that proved MPTCP in a handshake.",
    columns: [CAMPAIGN, FAMILY, PORT, ...NETWORK],
    over: "each",
    split: ["campaign", "family", "port"],
    top: TOP,
    sql: (context) => byNetwork(CAPABLE, context),
    absent: () => NOT_TRACED,
  },
];
