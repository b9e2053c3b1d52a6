import { PRESENT_HANDSHAKES, PRESENT_HOPS } from "../replay/present.js";

/**
 * Everything known of those targets of a campaign that meet a condition on the column `target`, a row per target and port,
 * ascending: its views, of its handshakes the last one in
 * each version, and of targets that were traced the hops, the SYN/ACKs of the SYN scan, and the control's hops on all ports.
 * Where two tables are joined, the engine takes a name for the column of that name first, so none of them is called `views`
 * as the result is.
 * Parameter: campaign String.
 */
export const readEvidence = (targets: string): string => `
WITH
  traced AS (
    SELECT port, target, vantage, variant, ttl, kind, replaceRegexpOne(toString(responder), '^::ffff:', '') AS hop,
      verdict, mptcp, changes, unobservable, icmp_extensions, rtt_us, reply_ttl,
      if(has(changes, 'tcp.option.mss.changed'), hex(quote), '') AS mss_quote
    FROM (${PRESENT_HOPS})
    WHERE ${targets}
    ORDER BY port, target, vantage, variant, ttl, received_at, batch, row
    LIMIT 1 BY port, target, vantage, variant, ttl
  ),
  hops AS (
    SELECT port, target, vantage,
      arraySort(h -> (h.1, h.2), groupArray((variant, ttl, kind, hop, verdict, mptcp, changes, unobservable, icmp_extensions,
        rtt_us, reply_ttl, mss_quote))) AS hops
    FROM traced
    GROUP BY port, target, vantage
  ),
  controls AS (
    SELECT target, vantage, arraySort(groupArray((port, ttl, kind, hop))) AS ways
    FROM traced
    WHERE variant = 'plain'
    GROUP BY target, vantage
  ),
  syn_acks AS (
    SELECT port, target, vantage, arraySort(groupArray((variant, ttl, reply_window, hex(options)))) AS acks
    FROM (
      SELECT port, target, vantage, variant, ttl, \`window\` AS reply_window, options
      FROM syn_replies
      WHERE campaign = {campaign:String} AND ${targets} AND bitAnd(tcp_flags, 18) = 18
        AND (port, target) IN (SELECT port, target FROM trace_hops WHERE campaign = {campaign:String} AND ${targets})
      ORDER BY port, target, vantage, variant, received_at DESC, batch DESC, row DESC
      LIMIT 1 BY port, target, vantage, variant
    )
    GROUP BY port, target, vantage
  ),
  shaken AS (
    SELECT port, target, vantage,
      arraySort(h -> h.1, groupArray((variant, verdict, after, join, no_join, addresses))) AS shakes
    FROM (
      SELECT * FROM (${PRESENT_HANDSHAKES})
      WHERE ${targets}
      ORDER BY port, target, vantage, variant, received_at DESC, batch DESC, row DESC
      LIMIT 1 BY port, target, vantage, variant
    )
    GROUP BY port, target, vantage
  ),
  looks AS (
    SELECT * FROM target_views FINAL WHERE campaign = {campaign:String} AND ${targets}
  )
SELECT
  looks.port AS port,
  replaceRegexpOne(toString(looks.target), '^::ffff:', '') AS target,
  arraySort(v -> v.1, groupArray((toString(looks.vantage), toString(looks.verdict), toString(looks.v0), toString(looks.v1), toString(looks.plain),
    toString(looks.unknown), hops.hops, shaken.shakes, syn_acks.acks, controls.ways))) AS views
FROM looks
LEFT JOIN hops ON hops.port = looks.port AND hops.target = looks.target AND hops.vantage = looks.vantage
LEFT JOIN shaken ON shaken.port = looks.port AND shaken.target = looks.target AND shaken.vantage = looks.vantage
LEFT JOIN syn_acks ON syn_acks.port = looks.port AND syn_acks.target = looks.target AND syn_acks.vantage = looks.vantage
LEFT JOIN controls ON controls.target = looks.target AND controls.vantage = looks.vantage
GROUP BY port, looks.target
ORDER BY port, looks.target
`;
