import { VIEWS_OF_FACTS } from "../../../coordinator/compare/build-views.js";
import { readComparison, readExplanations } from "../../../coordinator/compare/read.js";
import { lookupsOf, readPins } from "../../../coordinator/enrich/pins.js";
import { SCANNED_ONCE } from "../../../coordinator/report/hosts.js";
import { GROWTH_ITEMS } from "../../../coordinator/report/items/growth.js";
import type { Parameters, Store } from "../../../coordinator/store/store.js";
import { CAMPAIGN, EARLIER } from "./facts.js";

/** Something that an operator asks; resolves with the number of rows of the answer. */
export interface Question {
  readonly name: string;
  readonly wantedMs: number | null;
  ask(store: Store): Promise<number>;
}

const CAMPAIGNS = [...EARLIER, CAMPAIGN];
const DATES = CAMPAIGNS.map((_, week) => `2025-06-${String(week * 7 + 1).padStart(2, "0")}`);

/** `target`: one that vantage points see differently. */
export function questions(target: string): Question[] {
  const one = (name: string, sql: string, parameters: Parameters, wantedMs: number | null = null): Question => ({
    ...{ name, wantedMs },
    ask: (store) => countRows(store, sql, parameters),
  });
  return [
    {
      name: "comparison of all vantage points, from the rollup",
      wantedMs: 1_000,
      ask: async (store) => (await readComparison(store, { campaign: CAMPAIGN })).verdicts.length,
    },
    one("the same counts from the facts", COUNTS_OF_FACTS, { campaign: CAMPAIGN }),
    one("first 200 targets that are seen differently", DISAGREEMENTS, { campaign: CAMPAIGN }),
    {
      name: "networks with the most hosts that have a key of their own",
      wantedMs: null,
      async ask(store) {
        const lookups = lookupsOf(await readPins(store, "2026-01-01"));
        const sql = `SELECT ${lookups.asn("target")} AS asn, count() AS hosts FROM (${SCANNED_ONCE}) WHERE different_key
          GROUP BY asn ORDER BY hosts DESC, asn LIMIT 10`;
        return countRows(store, sql, { campaign: CAMPAIGN });
      },
    },
    one("growth over five campaigns", growthSql(), { campaigns: CAMPAIGNS, dates: DATES }),
    one("one target's history: every reply of all campaigns", HISTORY, { target }, 50),
    {
      name: "one target explained, with all evidence of a campaign",
      wantedMs: null,
      ask: async (store) => (await readExplanations(store, CAMPAIGN, target)).length,
    },
  ];
}

const COUNTS_OF_FACTS = `
  SELECT vantage, port, verdict, count() AS targets FROM (${VIEWS_OF_FACTS}) GROUP BY ALL
  ORDER BY vantage, port, targets DESC SETTINGS optimize_aggregation_in_order = 1`;

const DISAGREEMENTS = `
  SELECT address, port, host_verdict, placement, explanation FROM disagreements
  WHERE campaign = {campaign:String} ORDER BY port, address LIMIT 200`;

const HISTORY = `
  SELECT campaign, port, vantage, variant, verdict, received_at, rtt_us, hex(options) AS options FROM syn_replies
  WHERE target = toIPv6({target:String}) ORDER BY received_at, port, vantage, variant`;

function growthSql(): string {
  const [ipv4] = GROWTH_ITEMS;
  const sql = ipv4?.sql({ campaigns: [], lookups: lookupsOf([]) });
  if (sql === undefined || sql === null) throw new Error("the report has no growth");
  return sql;
}

async function countRows(store: Store, sql: string, parameters: Parameters): Promise<number> {
  let rows = 0;
  for await (const _ of store.rows(sql, parameters)) rows++;
  return rows;
}
