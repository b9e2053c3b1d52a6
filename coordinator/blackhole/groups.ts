import type { Lookups } from "../enrich/lookups.js";
import { familyOf } from "../report/hosts.js";

export const GROUPINGS = ["vantage", "network", "country"] as const;
/** Of what blackholes are counted: paths from a vantage point, or to the hosts of a network or a country. */
export type Grouping = (typeof GROUPINGS)[number];

/**
 * Counts pairs of a SYN with MP_CAPABLE and its control, a row per group, port, family and MPTCP version; pairs that were
 * silent twice say nothing. Columns: vantage, port, family, version; asn, name or country; both (answered in whatever
 * way), blocked (the control alone got its SYN/ACK, and MP_CAPABLE nothing), lost (the reverse), refused (of `both`, those
 * whose MP_CAPABLE got a RST or an ICMP error). Parameters: campaign String, variants Array(String).
 */
export function countPairs(grouping: Grouping, lookups: Lookups): string {
  const key = { vantage: "''", network: `toString(${lookups.asn("target")})`, country: lookups.country("target") }[
    grouping
  ];
  const pairs = `
    SELECT toString(vantage) AS vantage, port, ${familyOf("target")} AS family, probe.1 AS version, ${key} AS group_key,
      countIf(plain = 'plain' AND probe.2 != 'no-reply') AS both, countIf(plain = 'plain' AND probe.2 = 'no-reply') AS blocked,
      countIf(plain = 'no-reply' AND probe.2 NOT IN ('no-reply', 'rst', 'unreachable')) AS lost,
      countIf(plain = 'plain' AND probe.2 IN ('rst', 'unreachable')) AS refused
    FROM (
      SELECT vantage, port, target, plain, arrayJoin([('v0', toString(v0)), ('v1', toString(v1))]) AS probe
      FROM target_views FINAL
      WHERE campaign = {campaign:String} AND has({variants:Array(String)}, 'plain')
    )
    WHERE has({variants:Array(String)}, version)
    GROUP BY vantage, port, family, version, group_key HAVING both + blocked + lost > 0`;
  const counts = "vantage, port, family, version, both, blocked, lost, refused";
  const order = "ORDER BY blocked - lost DESC, both + blocked DESC, vantage, port, family, version";
  switch (grouping) {
    case "vantage":
      return `SELECT ${counts} FROM (${pairs}) ORDER BY vantage, port, family, version`;
    case "country":
      return `SELECT if(group_key = '', 'unknown', group_key) AS country, ${counts} FROM (${pairs}) ${order}, country`;
    case "network":
      return `
        SELECT nullIf(toUInt32(counted.group_key), 0) AS asn, if(networks.name = '', 'unknown', networks.name) AS name, ${counts}
        FROM (${pairs}) AS counted LEFT JOIN ${lookups.networks} AS networks ON networks.asn = toUInt32(counted.group_key)
        ${order}, asn`;
  }
}
