import { PRESENT_HANDSHAKES, PRESENT_HOPS, PRESENT_SYN_REPLIES } from "../replay/present.js";
import { VIEW_VERDICT } from "./view-verdict.js";

/**
 * Fills `target_views`: per target and vantage point the last verdict of each variant, and from the pair the view's own
 * verdict. One statement, so that any number of targets stays inside the engine.
 *
 * Silence has no row in `syn_replies`. A vantage point that was asked and heard nothing gets its `no-reply` from the
 * recheck lists (`partition`) or from `everywhere`, the vantage points that ask every target (`replicate`), unless it left
 * the target out; targets that nobody heard of stay out.
 *
 * Parameters: campaign String, everywhere Array(String), variants Array(String) (those that were sent).
 */
export const BUILD_VIEWS = `
INSERT INTO target_views (campaign, port, target, vantage, v0, v1, plain, unknown, verdict, computed_at)
WITH
  answers AS (
    SELECT port, target, vantage,
      argMaxIf(verdict, (received_at, batch, row, replay), variant = 'v0') AS a0,
      argMaxIf(verdict, (received_at, batch, row, replay), variant = 'v1') AS a1,
      argMaxIf(verdict, (received_at, batch, row, replay), variant = 'plain') AS ap,
      argMaxIf(verdict, (received_at, batch, row, replay), variant = 'unknown-option') AS au
    FROM (${PRESENT_SYN_REPLIES})
    GROUP BY port, target, vantage
  ),
  asked AS (
    SELECT port, target, toString(vantage) AS vantage FROM answers
    UNION DISTINCT
    SELECT port, target, vantage
    FROM (
      SELECT port, target, splitByChar('/', toString(source))[-1] AS vantage
      FROM target_lists
      WHERE campaign = {campaign:String} AND startsWith(source, 'recheck/')
      UNION DISTINCT
      SELECT port, target, arrayJoin({everywhere:Array(String)}) AS vantage
      FROM (SELECT DISTINCT port, target FROM answers)
    )
    WHERE (port, target, vantage) NOT IN (
      SELECT port, target, toString(vantage) FROM target_skips
      WHERE campaign = {campaign:String} AND match(source, '^(synscan|recheck)/')
    )
  )
SELECT
  {campaign:String}, port, target, vantage,
  if(a0 = '', 'no-reply', a0) AS v0, if(a1 = '', 'no-reply', a1) AS v1,
  if(ap = '', 'no-reply', ap) AS plain, if(au = '', 'no-reply', au) AS unknown,
  ${VIEW_VERDICT} AS verdict,
  now64(3)
FROM asked
LEFT JOIN answers USING (port, target, vantage)
`;

/**
 * Everything known of every target of a campaign, a row per target, ascending: its views, of its handshakes the last one in
 * each version, and of targets that were traced the hops, the SYN/ACKs of the SYN scan, and the control's hops on all ports.
 * Where two tables are joined, the engine takes a name for the column of that name first, so none of them is called `views`
 * as the result is.
 * Parameter: campaign String.
 */
export const READ_EVIDENCE = `
WITH
  traced AS (
    SELECT port, target, vantage, variant, ttl, kind, replaceRegexpOne(toString(responder), '^::ffff:', '') AS hop,
      verdict, mptcp, changes, unobservable, icmp_extensions, rtt_us, reply_ttl,
      if(has(changes, 'tcp.option.mss.changed'), hex(quote), '') AS mss_quote
    FROM (${PRESENT_HOPS})
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
      WHERE campaign = {campaign:String} AND bitAnd(tcp_flags, 18) = 18
        AND (port, target) IN (SELECT port, target FROM trace_hops WHERE campaign = {campaign:String})
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
      ORDER BY port, target, vantage, variant, received_at DESC, batch DESC, row DESC
      LIMIT 1 BY port, target, vantage, variant
    )
    GROUP BY port, target, vantage
  ),
  looks AS (
    SELECT * FROM target_views FINAL WHERE campaign = {campaign:String}
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
