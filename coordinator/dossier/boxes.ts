import { MARKINGS } from "../../shared/verdict/marking.js";
import { textAddress } from "../compare/rows.js";
import type { Lookups } from "../enrich/lookups.js";

/** Addresses and targets that a dossier names of each kind. */
const MOST_NAMED = 12;
/** What an interval begins with that no hop begins: a vantage point is not an address. */
export const AT_SOURCE = "from ";

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");

/** An interval's ends, of rows of `path_changes`. */
const AFTER = `if(after_ttl = 0, concat('${AT_SOURCE}', toString(vantage)), ${textAddress("after_hop")})`;
const BEFORE = textAddress("before_hop");

/** Nobody quotes silence: a probe whose answer was lost seems to end where it went on. */
const SILENCE = "tcp.option.mptcp.blocked";

/**
 * The changes of a campaign, each with what all traces of its path say of its interval: the last hop that quotes the field as
 * sent, and the first behind it that shows the change. A lost answer widens the interval of one trace alone, and where
 * silence is the change, it moves it: there any trace that got farther counts.
 */
const ON_PATHS = `
  SELECT vantage, target, port, condition, own.5 AS mss, own.6 AS confidence, own.7 AS fingerprints,
    arrayReverseSort(one -> (one.1, one.2), arrayFilter(one -> condition = '${SILENCE}' OR one.1 < own.3, intervals))[1] AS clean,
    arraySort(one -> (one.3, one.4), arrayFilter(one -> one.3 > clean.1, intervals))[1] AS changed,
    clean.1 AS after_ttl, clean.2 AS after_hop, changed.3 AS before_ttl, changed.4 AS before_hop
  FROM (
    SELECT vantage, target, port, toString(condition) AS condition, groupArray((after_ttl, after_hop, before_ttl, before_hop,
      mss, confidence, arrayMap(name -> toString(name), fingerprints))) AS intervals
    FROM path_changes FINAL
    WHERE campaign = {campaign:String} AND condition NOT IN (${list(MARKINGS)})
    GROUP BY vantage, target, port, condition
  )
  ARRAY JOIN intervals AS own`;

/**
 * The changes of a campaign with the box that each is ascribed to: of the two ends of its interval the one at which more
 * paths with the same change meet, and of equal ones the hop that shows it. So routers behind one box, or in front of it,
 * do not make several of it, and neither does a change that some paths alone show. Rewritten DSCP and ECN are left out:
 * they are borders of networks, and no boxes.
 */
const ASCRIBED = `
  SELECT vantage, target, port, condition, before_ttl, after_ttl, mss, confidence, fingerprints, before_hop, after, before,
    if(uniqExact(target, port, vantage) OVER (PARTITION BY condition, after)
      > uniqExact(target, port, vantage) OVER (PARTITION BY condition, before), after, before) AS box
  FROM (
    SELECT DISTINCT vantage, target, port, condition, before_ttl, after_ttl, mss, confidence, before_hop, fingerprints,
      ${AFTER} AS after, ${BEFORE} AS before
    FROM (${ON_PATHS})
  )`;

/** The hops of these paths: how far, when, and what their quotes are like. */
const HOPS = `
  SELECT port, target, vantage, ttl, responder, min(rtt_us) AS rtt_us, max(reply_ttl) AS reply_ttl,
    minOrNullIf(tcp_bytes, quote != '') AS fewest, maxOrNullIf(tcp_bytes, quote != '') AS most,
    arrayDistinct(arrayFlatten(groupArray(icmp_extensions))) AS extensions,
    min(received_at) AS first_at, max(received_at) AS last_at
  FROM (
    SELECT *, toInt32(length(quote))
      - if(bitShiftRight(reinterpretAsUInt8(substring(quote, 1, 1)), 4) = 6, 40,
        bitAnd(reinterpretAsUInt8(substring(quote, 1, 1)), 15) * 4) AS tcp_bytes
    FROM trace_hops
    WHERE campaign = {campaign:String}
      AND (port, target) IN (SELECT port, target FROM path_changes WHERE campaign = {campaign:String})
  )
  GROUP BY port, target, vantage, ttl, responder`;

/** In which campaigns a hop is an end of an interval of the same change, and when the others of them began. */
const HISTORY = `
  SELECT box, condition, arraySort(groupUniqArray(campaign)) AS campaigns,
    minOrNullIf(began, campaign != {campaign:String}) AS first_began, maxOrNullIf(began, campaign != {campaign:String}) AS last_began
  FROM (
    SELECT changes.campaign AS campaign, condition, arrayJoin([${AFTER}, ${BEFORE}]) AS box, runs.created_at AS began
    FROM path_changes AS changes
    INNER JOIN (SELECT id, created_at FROM campaigns FINAL) AS runs ON runs.id = changes.campaign
  )
  GROUP BY box, condition`;

/** What operators' scans found at the ends of a box's intervals, which it may answer with; its own hop first. */
const scansSql = (lookups: Lookups): string => `
  SELECT owner, arraySort(scan -> (scan.1 != owner, scan.1), groupArray((hop, at, file, names, ports, os, os_accuracy))) AS scans
  FROM (SELECT box AS owner, arrayJoin(arrayDistinct(arrayConcat([box], afters, befores))) AS hop FROM wholes) AS ends
  INNER JOIN ${lookups.scans} AS last_scans USING (hop)
  GROUP BY owner`;

/** Boxes of a campaign, most paths first. Parameters: campaign String, limit UInt32. */
export const boxesSql = (lookups: Lookups): string => `
WITH
  ascribed AS (${ASCRIBED}),
  paths AS (
    SELECT ascribed.*, hops.rtt_us AS rtt_us, hops.reply_ttl AS reply_ttl, hops.fewest AS fewest, hops.most AS most,
      hops.extensions AS extensions, hops.first_at AS first_at, hops.last_at AS last_at
    FROM ascribed
    LEFT JOIN (${HOPS}) AS hops ON hops.port = ascribed.port AND hops.target = ascribed.target
      AND hops.vantage = ascribed.vantage AND hops.ttl = ascribed.before_ttl AND hops.responder = ascribed.before_hop
  ),
  wholes AS (
    SELECT box, uniqExact(target, port) AS targets, uniqExact(target, port, vantage) AS path_count,
      arraySlice(arraySort(groupUniqArray(after)), 1, ${MOST_NAMED}) AS afters,
      arraySlice(arraySort(groupUniqArray(before)), 1, ${MOST_NAMED}) AS befores,
      min(before_hop = target) AS in_answers,
      arraySlice(arraySort(groupUniqArray((${textAddress("target")}, port))), 1, ${MOST_NAMED}) AS examples,
      arraySort(groupUniqArrayArray(fingerprints)) AS known_boxes,
      arraySort(groupUniqArrayIf(mss, mss != 0)) AS sizes,
      minOrNull(fewest) AS fewest_bytes, maxOrNull(most) AS most_bytes,
      arraySort(groupUniqArrayIf(multiIf(reply_ttl <= 32, 32, reply_ttl <= 64, 64, reply_ttl <= 128, 128, 255),
        fewest IS NOT NULL)) AS initial_ttls,
      arraySlice(arraySort(groupUniqArrayArray(extensions)), 1, ${MOST_NAMED}) AS told,
      round(max(confidence), 2) AS sure,
      toUnixTimestamp64Milli(toDateTime64(min(first_at), 3)) AS first_ms,
      toUnixTimestamp64Milli(toDateTime64(max(last_at), 3)) AS last_ms
    FROM paths GROUP BY box
  ),
  kinds AS (
    SELECT box, arraySort(kind -> (-kind.2, kind.1), groupArray((toString(condition), n))) AS behaviour
    FROM (SELECT box, condition, uniqExact(target, port, vantage) AS n FROM ascribed GROUP BY box, condition)
    GROUP BY box
  ),
  sights AS (
    SELECT box, arraySort(groupArray((toString(vantage), n, nearest, farthest, rtt))) AS seen_from
    FROM (
      SELECT box, vantage, uniqExact(target, port, vantage) AS n, min(after_ttl) AS nearest, max(before_ttl) AS farthest,
        quantileExactOrNull(rtt_us) AS rtt
      FROM paths GROUP BY box, vantage
    )
    GROUP BY box
  ),
  past AS (
    SELECT box, arraySort(groupUniqArrayArray(campaigns)) AS campaigns, minOrNull(first_began) AS first_began,
      maxOrNull(last_began) AS last_began
    FROM (${HISTORY}) WHERE (box, condition) IN (SELECT box, condition FROM ascribed)
    GROUP BY box
  ),
  found AS (
    SELECT wholes.* EXCEPT (box), wholes.box AS box, kinds.behaviour AS behaviour, sights.seen_from AS seen_from, past.campaigns AS campaigns,
      least(wholes.first_ms, ifNull(toUnixTimestamp64Milli(past.first_began), wholes.first_ms)) AS first_seen_ms,
      greatest(wholes.last_ms, ifNull(toUnixTimestamp64Milli(past.last_began), wholes.last_ms)) AS last_seen_ms,
      count() OVER () AS boxes, ${lookups.asn("toIPv6OrDefault(wholes.box)")} AS hop_asn,
      ${lookups.country("toIPv6OrDefault(wholes.box)")} AS hop_country,
      ${lookups.exchange("toIPv6OrDefault(wholes.box)")} AS hop_exchange
    FROM wholes
    INNER JOIN kinds ON kinds.box = wholes.box
    INNER JOIN sights ON sights.box = wholes.box
    LEFT JOIN past ON past.box = wholes.box
    ORDER BY path_count DESC, wholes.box LIMIT {limit:UInt32}
  )
SELECT found.*, networks.name AS as_name, scanned.scans AS scans
FROM found
LEFT JOIN ${lookups.networks} AS networks ON networks.asn = found.hop_asn
LEFT JOIN (${scansSql(lookups)}) AS scanned ON scanned.owner = found.box
ORDER BY path_count DESC, box`;
