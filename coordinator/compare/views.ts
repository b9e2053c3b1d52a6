import { PRESENT_HANDSHAKES, PRESENT_HOPS, PRESENT_SYN_REPLIES } from "../replay/present.js";

/**
 * Fills `target_views`: per target and vantage point the last verdict of each variant, and from the pair the view's own
 * verdict. One statement, so that any number of targets stays inside the engine.
 *
 * Silence has no row in `syn_replies`. A vantage point that was asked and heard nothing gets its `no-reply` from the
 * recheck lists (`partition`) or from `everywhere`, the vantage points that ask every target (`replicate`); targets that
 * nobody heard of stay out.
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
    SELECT port, target, splitByChar('/', toString(source))[-1] AS vantage
    FROM target_lists
    WHERE campaign = {campaign:String} AND startsWith(source, 'recheck/')
    UNION DISTINCT
    SELECT port, target, arrayJoin({everywhere:Array(String)}) AS vantage
    FROM (SELECT DISTINCT port, target FROM answers)
  )
SELECT
  {campaign:String}, port, target, vantage,
  if(a0 = '', 'no-reply', a0) AS v0, if(a1 = '', 'no-reply', a1) AS v1,
  if(ap = '', 'no-reply', ap) AS plain, if(au = '', 'no-reply', au) AS unknown,
  multiIf(
    v1 = 'claims-v1' OR v0 = 'claims-v1', 'claims-v1',
    v0 = 'claims-v0' OR v1 = 'claims-v0', 'claims-v0',
    v0 = 'echo' OR v1 = 'echo', 'echo',
    v0 = 'altered-echo' OR v1 = 'altered-echo', 'altered-echo',
    'malformed' IN (v0, v1, plain, unknown), 'malformed',
    plain = 'plain' AND has({variants:Array(String)}, 'unknown-option') AND unknown IN ('no-reply', 'rst', 'unreachable'),
      'blocked-on-unknown-option',
    plain = 'plain' AND (has({variants:Array(String)}, 'v0') AND v0 IN ('no-reply', 'rst', 'unreachable')
      OR has({variants:Array(String)}, 'v1') AND v1 IN ('no-reply', 'rst', 'unreachable')), 'blocked-on-mptcp',
    'plain' IN (v0, v1, plain, unknown), 'plain',
    'rst' IN (v0, v1, plain, unknown), 'rst',
    'unreachable' IN (v0, v1, plain, unknown), 'unreachable',
    'no-reply') AS verdict,
  now64(3)
FROM asked
LEFT JOIN answers USING (port, target, vantage)
`;

/**
 * Everything known of every target of a campaign, a row per target, ascending: its views, the hops of its traces, and
 * of its handshakes the last one in each version. Where two tables are joined, the engine takes a name for the column of
 * that name first, so none of them is called `views` as the result is.
 * Parameter: campaign String.
 */
export const READ_EVIDENCE = `
WITH
  hops AS (
    SELECT port, target, vantage,
      arraySort(h -> (h.1, h.2), groupArray((variant, ttl, kind, replaceRegexpOne(toString(responder), '^::ffff:', ''),
        verdict, mptcp, changes, unobservable, icmp_extensions))) AS hops
    FROM (
      SELECT * FROM (${PRESENT_HOPS})
      ORDER BY port, target, vantage, variant, ttl, received_at, batch, row
      LIMIT 1 BY port, target, vantage, variant, ttl
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
    toString(looks.unknown), hops.hops, shaken.shakes))) AS views
FROM looks
LEFT JOIN hops ON hops.port = looks.port AND hops.target = looks.target AND hops.vantage = looks.vantage
LEFT JOIN shaken ON shaken.port = looks.port AND shaken.target = looks.target AND shaken.vantage = looks.vantage
GROUP BY port, looks.target
ORDER BY port, looks.target
`;
