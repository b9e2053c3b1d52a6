import { NEAR_HOPS } from "../compare/placement-facts.js";
import { PRESENT_HOPS } from "../replay/present.js";
import { SCANNED_ONCE } from "./hosts.js";

/** What a trace with MP_CAPABLE came to, the strongest first. */
export const OUTCOMES = ["mptcp", "middlebox-near-host", "not-capable", "not-reached"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  mptcp: "truly capable",
  "middlebox-near-host": "middlebox near the host",
  "not-capable": "not capable",
  "not-reached": "not reached",
};

/** A row of `path_changes` is about the MPTCP option, or the SYN with it, being lost on the way. */
export const IS_LOSS = `(startsWith(condition, 'tcp.option.mptcp.')
    AND condition NOT IN ('tcp.option.mptcp.echoed', 'tcp.option.mptcp.claimed') OR condition = 'tcp.synack.proxied')`;

/**
 * Targets that answered with MP_CAPABLE and were traced with it, as the thesis sorts them: truly capable when the host's
 * own answer carries a key of its own and nothing on the way touched the option; behind a middlebox near the host when
 * the option is first seen changed within two hops of it; not capable when anything else answers; not reached when
 * nothing does. From several vantage points the strongest outcome counts.
 * Columns: port, target, family, different_key, outcome. Parameter: campaign String.
 */
export const TRACED = `
  SELECT hosts.port AS port, hosts.target AS target, hosts.family AS family, hosts.different_key AS different_key,
    arrayElement([${OUTCOMES.map((name) => `'${name}'`).join(", ")}], traced.place) AS outcome
  FROM (SELECT * FROM (${SCANNED_ONCE}) WHERE mp_capable) AS hosts
  INNER JOIN (
    SELECT seen.port AS port, seen.target AS target,
      min(multiIf(NOT seen.answered, 4, touched.near, 2, seen.claimed AND NOT touched.lost, 1, 3)) AS place
    FROM (
      SELECT port, target, vantage, max(kind IN ('synack', 'rst')) AS answered,
        max(kind = 'synack' AND verdict IN ('claims-v0', 'claims-v1')) AS claimed
      FROM (${PRESENT_HOPS}) WHERE variant IN ('v0', 'v1') GROUP BY port, target, vantage
    ) AS seen
    LEFT JOIN (
      SELECT port, target, vantage, 1 AS lost, max(path_length > 0 AND path_length - before_ttl <= ${NEAR_HOPS}) AS near
      FROM path_changes FINAL WHERE campaign = {campaign:String} AND ${IS_LOSS} GROUP BY port, target, vantage
    ) AS touched
      ON touched.port = seen.port AND touched.target = seen.target AND touched.vantage = seen.vantage
    GROUP BY port, target
  ) AS traced ON traced.port = hosts.port AND traced.target = hosts.target`;

/** Targets that are truly capable: by their trace, or because a handshake proves it. Columns: port, target, family. */
export const CAPABLE = `
  SELECT port, target, family FROM (${TRACED}) WHERE different_key AND outcome = 'mptcp'
  UNION DISTINCT
  SELECT port, target, family FROM (${SCANNED_ONCE}) WHERE (port, target) IN (
    SELECT port, target FROM target_classes FINAL
    WHERE campaign = {campaign:String} AND host_verdict = 'mptcp' AND host_rule = 'proved')`;

/** Why items that stand on traces are empty. */
export const NOT_TRACED = "no host with MP_CAPABLE was traced: the campaigns had no stage `tracebox`, or it found none";
