import type { Store } from "../../../coordinator/store/store.js";
import { RULE_VERSION } from "../../../shared/verdict/rules.js";
import { VANTAGES } from "./facts.js";

/** One of so many targets that claim MPTCP or echo it is traced, and each that claims it is shaken hands with. */
const TRACED_OF = 8;

/** Is there any trace in these tables? */
export async function hasEvidence(store: Store): Promise<boolean> {
  for await (const row of store.rows("SELECT count() AS n FROM (SELECT 1 FROM trace_hops LIMIT 1)")) {
    return Number(row.n) > 0;
  }
  return false;
}

/**
 * Adds to the replies of a campaign what its later passes would have found, inside the engine and from a seed: traces of
 * eight hops with and without the option from every vantage point, and handshakes. Boxes stand before three of ten /16
 * networks, and on the way from one vantage point to one of twenty. The same replies and seed give the same rows.
 */
export async function fillEvidence(store: Store, campaign: string, seed: number): Promise<void> {
  const parameters = { campaign, seed, vantages: [...VANTAGES], rules: RULE_VERSION };
  await store.command(HOPS, parameters);
  await store.command(HANDSHAKES, parameters);
}

/** Targets that say this to anybody; `said` is one of these verdicts. */
const saying = (verdicts: string, among = "1"): string => `
  SELECT port, target, min(toString(verdict)) AS said FROM syn_replies
  WHERE campaign = {campaign:String} AND ${verdicts} AND ${among}
  GROUP BY port, target`;

const CHANCE = "sipHash64(target, port, {seed:UInt64})";
/** The number behind `::ffff:`. */
const ADDRESS = "IPv4StringToNum(substring(toString(target), 8))";
/** Of what is sent: 20 bytes of IPv4, and 20 of TCP with as many of options, which a short quote is without. */
const WHOLE_QUOTE =
  "unhex(concat('4500003c00004000010600000a000001c6120001', repeat('f0b50050', 5), repeat('01010101', 5)))";

const HOPS = `
INSERT INTO trace_hops (campaign, vantage, agent, batch, row, source, \`index\`, target, port, variant, ttl, kind, responder,
  received_at, rtt_us, reply_ttl, verdict, mptcp, changes, unobservable, quote, options, icmp_type, icmp_code, rule_version)
WITH
  toUInt8(intDiv(number, 16)) AS v, toUInt8(intDiv(number, 8) % 2) AS k, toUInt8(number % 8 + 1) AS hop,
  {vantages:Array(String)}[v + 1] AS place_name, ${CHANCE} AS host, ${ADDRESS} AS address,
  bitShiftRight(address, 16) AS network, sipHash64(network, {seed:UInt64}) AS region,
  region % 10 < 3 AS before_host, intDiv(region, 10) % 20 = 0 AND v = intDiv(region, 1000) % 5 AS on_the_way,
  k = 1 AND ((before_host AND hop = 7) OR (on_the_way AND hop BETWEEN 4 AND 7)) AS stripped, hop IN (3, 5) AS short
SELECT
  {campaign:String}, place_name, concat(place_name, '-1'),
  reinterpretAsUUID(sipHash128(v, port, target, {campaign:String})), toUInt32(k * 8 + hop),
  concat('tracebox/v4/80+443/', place_name), host, target, port, ['plain', 'v1'][k + 1], hop,
  if(hop = 8, 'synack', 'time-exceeded'),
  if(hop = 8, target, toIPv6(IPv4NumToString(toUInt32(multiIf(
    hop <= 2, 0x2d000000 + v * 65536 + hop,
    hop <= 5, 0x2e000000 + v * 65536 + sipHash64(network, hop) % 200 * 256 + hop,
    hop = 6, bitShiftLeft(toUInt32(47 + v), 24) + network * 256 + 6,
    network * 65536 + 1))))),
  fromUnixTimestamp64Micro(toInt64(1750090000000000 + host % 3600000000)), hop * 8000 + host % 5000, 64 - hop,
  if(hop = 8, if(k = 0 OR before_host OR on_the_way, 'plain', said), ''),
  multiIf(stripped, 'stripped-removed', short OR hop = 8 OR k = 0, 'unobservable', 'unmodified'),
  if(stripped, ['tcp.option.mptcp.removed'], []), if(short, ['tcp.option.mptcp'], []),
  multiIf(hop = 8, '', short, substring(${WHOLE_QUOTE}, 1, 28), ${WHOLE_QUOTE}),
  if(hop = 8, unhex('020405b4'), ''), if(hop = 8, 0, 11), 0, {rules:UInt16}
FROM (${saying("verdict IN ('claims-v0', 'claims-v1', 'echo', 'altered-echo')", `${CHANCE} % ${TRACED_OF} = 0`)}) AS traced
ARRAY JOIN range(${VANTAGES.length * 16}) AS number`;

const HANDSHAKES = `
INSERT INTO handshakes (campaign, vantage, agent, batch, row, source, \`index\`, target, port, variant, verdict, syn_verdict,
  join_probe, received_at, rtt_us, responder, ttl, options, rule_version)
WITH ${CHANCE} AS host, {vantages:Array(String)}[v + 1] AS place_name
SELECT
  {campaign:String}, place_name, concat(place_name, '-1'), reinterpretAsUUID(sipHash128(v, port, target, {campaign:String})), 0,
  concat('verify/v4/80+443/', place_name), host, target, port, if(said = 'claims-v0', 'v0', 'v1'),
  multiIf(host % 10 < 6, 'join-reset', host % 10 < 9, 'dss-proved', 'unconfirmed'), said,
  if(host % 10 < 6, 'mp-tcprst', 'silent'), fromUnixTimestamp64Micro(toInt64(1750088000000000 + host % 1800000000)),
  5000 + host % 150000, target, 50, unhex('020405b4'), {rules:UInt16}
FROM (${saying("startsWith(verdict, 'claims')")}) AS claiming
ARRAY JOIN range(${VANTAGES.length}) AS v`;
