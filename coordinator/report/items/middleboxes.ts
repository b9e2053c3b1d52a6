import { NEAR_HOPS } from "../../compare/placement-facts.js";
import { textAddress } from "../../compare/rows.js";
import { familyOf } from "../hosts.js";
import { CAMPAIGN, code, count, decimal, FAMILY, number, PORT, type ReportItem, text } from "../item.js";
import { IS_LOSS, NOT_TRACED } from "../outcome.js";

const NETWORK = [
  text("location", "Location"),
  number("asn", "ASN"),
  text("as_name", "AS name"),
  text("network_type", "Network type"),
  text("exchange", "Exchange"),
];

/** Joins what is known of a hop to a subquery `found` that has it as the column `hop`. */
const KNOWN = `nullIf(found.hop_asn, 0) AS asn, if(networks.name = '', 'unknown', networks.name) AS as_name,
      if(networks.network_type = '', 'unknown', networks.network_type) AS network_type, nullIf(found.hop_exchange, '') AS exchange`;

/** Table 4.10 of the thesis, and the intervals behind it. */
export const MIDDLEBOX_ITEMS: readonly ReportItem[] = [
  {
    id: "table-4.10-changing-hops",
    title: "Hops at which the MPTCP option is first seen changed",
    about:
      "Paths on which option 30, or the SYN that carries it, is lost somewhere before the last hops, by the first address " +
      "that shows it: the box stands there or right in front of it.",
    columns: [CAMPAIGN, FAMILY, PORT, code("address", "Address"), count("paths", "Paths"), ...NETWORK],
    over: "each",
    split: ["campaign", "family", "port"],
    top: { rows: 10, count: "paths" },
    sql: ({ lookups }) => `
      SELECT family, port, ${textAddress("found.hop")} AS address, paths,
        if(found.hop_country = '', 'unknown', found.hop_country) AS location, ${KNOWN}
      FROM (
        SELECT ${familyOf("before_hop")} AS family, port, before_hop AS hop, uniqExact(target, vantage) AS paths,
          ${lookups.asn("before_hop")} AS hop_asn, ${lookups.country("before_hop")} AS hop_country,
          ${lookups.exchange("before_hop")} AS hop_exchange
        FROM path_changes FINAL
        WHERE campaign = {campaign:String} AND ${IS_LOSS}
          AND (path_length = 0 OR path_length - before_ttl > ${NEAR_HOPS})
        GROUP BY family, port, hop
      ) AS found
      LEFT JOIN ${lookups.networks} AS networks ON networks.asn = found.hop_asn
      ORDER BY family, port, paths DESC, found.hop`,
    absent: () => "no trace shows the option changed before the last hops",
  },
  {
    id: "middleboxes",
    title: "Middleboxes, by the interval in which they stand",
    about:
      "Every change on a path, by the last hop that quoted the field as it was sent and the first that quoted it changed: " +
      "the box stands between the two. The network is that of the first changed hop.",
    columns: [
      CAMPAIGN,
      code("condition", "Change"),
      code("after", "Last clean hop"),
      code("before", "First changed hop"),
      count("targets", "Targets"),
      text("vantages", "From"),
      decimal("confidence", "Confidence"),
      text("fingerprints", "Looks like"),
      ...NETWORK,
    ],
    over: "each",
    split: ["campaign"],
    top: { rows: 25 },
    sql: ({ lookups }) => `
      SELECT toString(condition) AS condition, nullIf(${textAddress("found.after_hop")}, '::') AS after,
        ${textAddress("found.hop")} AS before, targets, arrayStringConcat(seen_from, ' ') AS vantages, sure AS confidence,
        arrayStringConcat(known_boxes, ' ') AS fingerprints,
        if(found.hop_country = '', 'unknown', found.hop_country) AS location, ${KNOWN}
      FROM (
        SELECT condition, after_hop, before_hop AS hop, uniqExact(target, port) AS targets,
          arraySort(groupUniqArray(toString(vantage))) AS seen_from, round(max(confidence), 2) AS sure,
          arraySort(groupUniqArrayArray(arrayMap(name -> toString(name), fingerprints))) AS known_boxes,
          ${lookups.asn("before_hop")} AS hop_asn, ${lookups.country("before_hop")} AS hop_country,
          ${lookups.exchange("before_hop")} AS hop_exchange
        FROM path_changes FINAL WHERE campaign = {campaign:String}
        GROUP BY condition, after_hop, hop
      ) AS found
      LEFT JOIN ${lookups.networks} AS networks ON networks.asn = found.hop_asn
      ORDER BY targets DESC, found.after_hop, found.hop, condition`,
    absent: () => NOT_TRACED.replace("no host with MP_CAPABLE was traced", "no trace shows a change"),
  },
];
