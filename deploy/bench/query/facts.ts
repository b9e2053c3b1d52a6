import type { Store } from "../../../coordinator/store/store.js";
import { RULE_VERSION } from "../../../shared/verdict/rules.js";

export const VANTAGES = ["ams", "fra", "iad", "nrt", "syd"] as const;
const PORTS = [80, 443] as const;
/** The campaign that is compared, and smaller ones before it. */
export const CAMPAIGN = "bench-5";
export const EARLIER = ["bench-1", "bench-2", "bench-3", "bench-4"] as const;
/** An earlier campaign has this part of the facts of the last one. */
const EARLIER_PART = 20;
const FACTS_PER_TARGET = VANTAGES.length * 4;
const ADDRESSES = 2 ** 32;

export interface FactsOptions {
  /** Replies of the campaign that is compared, about. */
  readonly facts: number;
  readonly seed: number;
}

/** What a host says to v0, v1, plain and unknown-option, up to which of ten thousand hosts; empty is silence. */
const HOSTS = [
  { upTo: 8_550, verdicts: ["plain", "plain", "plain", "plain"] },
  { upTo: 9_550, verdicts: ["rst", "rst", "rst", "rst"] },
  { upTo: 9_650, verdicts: ["unreachable", "unreachable", "unreachable", "unreachable"] },
  { upTo: 9_800, verdicts: ["plain", "claims-v1", "plain", "plain"] },
  { upTo: 9_830, verdicts: ["claims-v0", "plain", "plain", "plain"] },
  { upTo: 9_920, verdicts: ["echo", "echo", "plain", "plain"] },
  { upTo: 9_925, verdicts: ["altered-echo", "altered-echo", "plain", "plain"] },
  { upTo: 9_975, verdicts: ["", "", "plain", "plain"] },
  { upTo: 10_000, verdicts: ["", "", "plain", ""] },
] as const;

/** Of ten thousand hosts, on so many's paths from one vantage point stands a box: what it makes of the answers. */
const BOXES = [
  { upTo: 20, verdicts: ["plain", "plain", "plain", "plain"] },
  { upTo: 35, verdicts: ["", "", "plain", "plain"] },
  { upTo: 40, verdicts: ["echo", "echo", "plain", "plain"] },
] as const;
/** Replies that get lost, of ten thousand. */
const LOST = 5;

/**
 * Fills `syn_replies` inside the engine, from a seed: the last campaign and smaller ones before it, every target asked from
 * every vantage point. Rows come in the order of the table, as they lie when all is merged. The same options give the same
 * rows. Resolves with the number of rows of the campaign that is compared.
 */
export async function fillFacts(store: Store, { facts, seed }: FactsOptions): Promise<number> {
  for (const [place, campaign] of [...EARLIER, CAMPAIGN].entries()) {
    const targets = Math.ceil((campaign === CAMPAIGN ? facts : facts / EARLIER_PART) / FACTS_PER_TARGET);
    const perPort = Math.ceil(targets / PORTS.length);
    const step = Math.floor(ADDRESSES / perPort);
    const fill = (port: number) =>
      store.command(INSERT, {
        campaign,
        place,
        port,
        perPort,
        step,
        seed,
        vantages: [...VANTAGES],
        rules: RULE_VERSION,
      });
    await Promise.all(PORTS.map(fill));
  }
  return countFacts(store);
}

/** Rows of the campaign that is compared. */
export async function countFacts(store: Store): Promise<number> {
  const sql = "SELECT count() AS n FROM syn_replies WHERE campaign = {campaign:String}";
  for await (const row of store.rows(sql, { campaign: CAMPAIGN })) return Number(row.n);
  return 0;
}

const list = (verdicts: readonly string[]): string => `[${verdicts.map((verdict) => `'${verdict}'`).join(", ")}]`;
const choose = (kinds: readonly { upTo: number; verdicts: readonly string[] }[], by: string, otherwise: string) =>
  `multiIf(${kinds.map(({ upTo, verdicts }) => `${by} < ${upTo}, ${list(verdicts)}`).join(", ")}, ${otherwise})`;

/** A reply a number: target by target, of each vantage point by vantage point, of each variant by variant. */
const INSERT = `
INSERT INTO syn_replies (campaign, vantage, agent, batch, row, source, \`index\`, target, port, variant, verdict, received_at,
  rtt_us, responder, ttl, tcp_flags, \`window\`, receiver_key, options, icmp_type, icmp_code, quote, rule_version)
WITH
  intDiv(number, 20) AS t, toUInt8(intDiv(number, 4) % 5) AS v, toUInt8(number % 4) AS k,
  sipHash64(t, {port:UInt16}, {seed:UInt64}) AS host, sipHash64(number, {port:UInt16}, {place:UInt8}, {seed:UInt64}) AS chance,
  {vantages:Array(String)}[v + 1] AS place_name,
  ${choose(HOSTS, "host % 10000", "['', '', '', '']")} AS own,
  if(v = intDiv(host, 10000) % 5, ${choose(BOXES, "intDiv(host, 100000) % 10000", "own")}, own) AS seen,
  seen[[3, 4, 1, 2][k + 1]] AS answer
SELECT
  {campaign:String}, place_name, concat(place_name, '-1'),
  reinterpretAsUUID(sipHash128(v, intDiv(t, 2048), {port:UInt16}, {place:UInt8}, {seed:UInt64})), t % 2048 * 4 + k,
  concat('synscan/v4/', toString({port:UInt16})), host % {perPort:UInt64},
  toIPv6(IPv4NumToString(toUInt32(t * {step:UInt64} + host % {step:UInt64}))) AS target, {port:UInt16},
  ['plain', 'unknown-option', 'v0', 'v1'][k + 1], answer,
  fromUnixTimestamp64Micro(toInt64(1750000000000000 + {place:UInt8} * 604800000000 + host % 86400000000 + chance % 1000000)),
  if(answer IN ('rst', 'unreachable'), NULL, 5000 + host % 150000 + v * 20000 + chance % 2000), target,
  40 + (host + v) % 24, multiIf(answer = 'unreachable', 0, answer = 'rst', 20, 18),
  multiIf(answer IN ('rst', 'unreachable'), 0, host % 3 = 0, 28960, 65160),
  if(startsWith(answer, 'claims'), chance, NULL),
  multiIf(answer IN ('rst', 'unreachable'), '',
    concat(unhex('020405b40402080a'), reinterpretAsString(chance), unhex('01030307'),
      multiIf(startsWith(answer, 'claims'), concat(if(answer = 'claims-v1', unhex('1e0c0101'), unhex('1e0c0001')),
        reinterpretAsString(chance)), endsWith(answer, 'echo'), unhex('1e040101'), ''))),
  if(answer = 'unreachable', 3, 0), if(answer = 'unreachable', 13, 0),
  if(answer = 'unreachable', unhex('4500003c0000400001060000c0000201c6120001f0b50050'), ''), {rules:UInt16}
FROM numbers({perPort:UInt64} * 20)
WHERE answer != '' AND chance % 10000 >= ${LOST}`;
