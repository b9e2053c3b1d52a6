import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { FACTS_OF_CAMPAIGN, PRESENT_SYN_REPLIES } from "../replay/present.js";
import type { Store } from "../store/store.js";
import { answersFrom, digitOf, verdictOn, viewVerdictOf } from "./answers.js";
import { buildCounts } from "./counts.js";

export interface ViewRequest {
  readonly campaign: string;
  /** Vantage points that ask every target (`replicate`), or none. */
  readonly everywhere: readonly string[];
  /** Variants that the SYN scan sends. */
  readonly variants: readonly Variant[];
}

/**
 * Makes, or makes again, what each vantage point says of each target: per target and vantage point the last verdict of each
 * variant, and from these the view's own verdict. All of it stays inside the engine.
 *
 * Silence has no row in `syn_replies`. A vantage point that was asked and heard nothing gets its `no-reply` from the
 * recheck lists (`partition`) or from `everywhere`, the vantage points that ask every target (`replicate`), unless it left
 * the target out; targets that nobody heard of stay out.
 */
export async function buildViews(store: Store, { campaign, everywhere, variants }: ViewRequest): Promise<void> {
  await store.removeRows("target_views", "campaign = {campaign:String}", { campaign });
  await store.command(heard((await isReplayed(store, campaign)) ? REPLAYED : AS_WRITTEN, variants), { campaign });
  await store.command(silent(variants), { campaign, everywhere });
  await buildCounts(store, "view_counts", campaign);
}

async function isReplayed(store: Store, campaign: string): Promise<boolean> {
  const sql = "SELECT count() AS n FROM replays WHERE campaign = {campaign:String}";
  for await (const row of store.rows(sql, { campaign })) return row.n !== 0;
  return false;
}

/** The engine walks these in the order of the table, so that it holds one target at a time. */
const AS_WRITTEN = `(SELECT *, 0 AS replay FROM syn_replies WHERE ${FACTS_OF_CAMPAIGN})`;
const REPLAYED = `(SELECT {campaign:String} AS campaign, * FROM (${PRESENT_SYN_REPLIES}))`;

/** By time, then by the row's key, so that the order is always the same; and what was judged again behind what it was. */
const ORDER = `bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Micro(received_at)), 64),
      bitOr(bitAnd(cityHash64(batch, row), 0xfffffffffffffffe), replay > 0))`;

const COLUMNS = "campaign, port, target, vantage, v0, v1, plain, unknown, verdict, computed_at";
/** From a subquery with the column `answers`. */
const columnsFrom = (answers: string, variants: readonly Variant[]): string => `
  {campaign:String}, port, target, vantage, ${VARIANTS.map((variant) => verdictOn(variant, answers)).join(", ")},
  ${viewVerdictOf(answers, variants)}, now64(3)`;

function answersIn(facts: string): string {
  return `
  SELECT port, target, vantage, ${answersFrom((variant) => `argMaxIf(digit, time, variant = '${variant}')`)} AS answers
  FROM (
    SELECT campaign, port, target, vantage, variant, ${digitOf("verdict")} AS digit, ${ORDER} AS time FROM ${facts}
  )
  GROUP BY campaign, port, target, vantage`;
}

const heard = (facts: string, variants: readonly Variant[]): string => `
INSERT INTO target_views (${COLUMNS})
SELECT ${columnsFrom("answers", variants)}
FROM (${answersIn(facts)})
SETTINGS optimize_aggregation_in_order = 1, optimize_on_insert = 0`;

/** The views straight from the facts, as a query: port, target, vantage, verdict. Parameter: campaign String. */
export const VIEWS_OF_FACTS = `
  SELECT port, target, vantage, ${viewVerdictOf("answers", VARIANTS)} AS verdict FROM (${answersIn(AS_WRITTEN)})`;

const VIEWS = "SELECT port, target, toString(vantage) FROM target_views WHERE campaign = {campaign:String}";
const silent = (variants: readonly Variant[]): string => `
INSERT INTO target_views (${COLUMNS})
WITH
  incomplete AS (
    SELECT port, target FROM target_views WHERE campaign = {campaign:String}
    GROUP BY campaign, port, target
    HAVING countIf(has({everywhere:Array(String)}, vantage)) < length({everywhere:Array(String)})
  ),
  listed AS (
    SELECT port, target, splitByChar('/', toString(source))[-1] AS vantage
    FROM target_lists
    WHERE campaign = {campaign:String} AND startsWith(source, 'recheck/')
  )
SELECT ${columnsFrom("answers", variants)}
FROM (
  SELECT DISTINCT port, target, vantage, toLowCardinality(toUInt16(0)) AS answers
  FROM (
    SELECT port, target, vantage FROM listed
    UNION ALL
    SELECT port, target, arrayJoin({everywhere:Array(String)}) AS vantage FROM incomplete
  )
  WHERE (port, target, vantage) NOT IN (
      ${VIEWS} AND ((port, target) IN (SELECT port, target FROM listed) OR (port, target) IN (SELECT port, target FROM incomplete))
    )
    AND (port, target, vantage) NOT IN (
      SELECT port, target, toString(vantage) FROM target_skips
      WHERE campaign = {campaign:String} AND match(source, '^(synscan|recheck)/')
    )
)
SETTINGS optimize_aggregation_in_order = 1`;
