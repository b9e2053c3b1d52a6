import { Readable } from "node:stream";
import { z } from "zod";
import type { Variant } from "../../shared/probe/variant.js";
import { HANDSHAKE_VERDICTS } from "../../shared/verdict/names.js";
import { VERSION } from "../../shared/version.js";
import { FACTS_OF_CAMPAIGN } from "../replay/present.js";
import { findingsOf, handshakeCondition, MPTCP_CONDITIONS } from "./pto-conditions.js";
import { type AskTables, blocksOf, EXPORT_SETTINGS, jsonRows } from "./tables.js";
import { type ExportSelection, IS_SELECTED, selectionParameters } from "./zmap-csv.js";

/** What the coordinator says of a campaign that is exported; times are Unix milliseconds. */
export interface ExportedCampaign {
  readonly series: string;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Variants that its SYN scan sends: a view has a verdict on the others, too, which is silence. */
  readonly variants: readonly Variant[];
}

const text = (column: string): string => `replaceRegexpOne(toString(${column}), '^::ffff:', '')`;
const us = (time: string): string => `toUnixTimestamp64Micro(${time})`;

/** What each vantage point saw of each target, with the first and the last answer that it is made from. */
const VIEWS = `
  SELECT ${text("view.target")} AS target, view.port AS port, toString(view.vantage) AS vantage, toString(view.v0) AS v0,
    toString(view.v1) AS v1, toString(view.plain) AS plain, ${us("heard.first")} AS firstUs, ${us("heard.last")} AS lastUs
  FROM (SELECT * FROM target_views FINAL WHERE campaign = {campaign:String} AND ${IS_SELECTED}) AS view
  LEFT JOIN (
    SELECT port, target, vantage, min(received_at) AS first, max(received_at) AS last FROM syn_replies
    WHERE ${FACTS_OF_CAMPAIGN} AND ${IS_SELECTED}
    GROUP BY campaign, port, target, vantage
  ) AS heard ON heard.port = view.port AND heard.target = view.target AND heard.vantage = view.vantage
  ORDER BY view.port, view.target, view.vantage`;

const HANDSHAKES = `
  SELECT ${text("t.target")} AS target, t.port AS port, toString(t.vantage) AS vantage, toString(t.variant) AS variant,
    toString(t.verdict) AS verdict, ${us("t.received_at")} AS firstUs, ${us("t.received_at")} AS lastUs
  FROM handshakes AS t FINAL
  WHERE ${FACTS_OF_CAMPAIGN} AND ${IS_SELECTED}
  ORDER BY t.port, t.target, t.vantage, t.variant, t.batch, t.row`;

const CHANGES = `
  SELECT ${text("change.target")} AS target, change.port AS port, toString(change.vantage) AS vantage,
    toString(change.variant) AS variant, toString(change.condition) AS condition, ${text("change.after_hop")} AS after,
    change.after_ttl AS afterTtl, ${text("change.before_hop")} AS before, change.before_ttl AS beforeTtl,
    round(change.confidence, 2) AS confidence, ${us("traced.first")} AS firstUs, ${us("traced.last")} AS lastUs
  FROM (SELECT * FROM path_changes FINAL WHERE campaign = {campaign:String} AND ${IS_SELECTED}) AS change
  LEFT JOIN (
    SELECT port, target, vantage, variant, min(received_at) AS first, max(received_at) AS last FROM trace_hops
    WHERE ${FACTS_OF_CAMPAIGN} AND ${IS_SELECTED}
    GROUP BY campaign, port, target, vantage, variant
  ) AS traced ON traced.port = change.port AND traced.target = change.target AND traced.vantage = change.vantage
    AND traced.variant = change.variant
  ORDER BY change.port, change.target, change.vantage, change.variant, change.condition`;

const CONDITIONS = `
  SELECT DISTINCT toString(condition) AS condition FROM path_changes FINAL
  WHERE campaign = {campaign:String} AND ${IS_SELECTED} ORDER BY condition`;

const seen = {
  ...{ target: z.string(), port: z.number(), vantage: z.string() },
  // A join that finds nothing gives the beginning of Unix time.
  ...{ firstUs: z.number(), lastUs: z.number() },
};
const view = z.object({ ...seen, v0: z.string(), v1: z.string(), plain: z.string() });
const handshake = z.object({ ...seen, variant: z.string(), verdict: z.enum(HANDSHAKE_VERDICTS) });
const change = z.object({
  ...{ ...seen, variant: z.string(), condition: z.string(), confidence: z.number() },
  ...{ after: z.string(), afterTtl: z.number(), before: z.string(), beforeTtl: z.number() },
});

type Seen = Pick<z.output<typeof view>, keyof typeof seen>;

/**
 * A campaign as an observation set of the Path Transparency Observatory (OBSETS.md of mami-project/pto3-go): a line of
 * metadata, then a line `[set, start, end, path, condition, value]` for each observation.
 */
export async function ptoObservations(
  ask: AskTables,
  selection: ExportSelection,
  { series, startedAtMs, finishedAtMs, variants }: ExportedCampaign,
): Promise<Readable> {
  const parameters = selectionParameters(selection);
  const rows = async (sql: string): Promise<AsyncIterable<unknown>> => {
    // Both sides of a join are in its order already: no table of one side is kept in memory.
    const settings = { ...EXPORT_SETTINGS, join_algorithm: "full_sorting_merge", optimize_aggregation_in_order: "1" };
    return jsonRows(await ask(sql, "JSONEachRow", { parameters, settings }));
  };
  const declared = [...MPTCP_CONDITIONS];
  for await (const row of await rows(CONDITIONS))
    declared.push(z.object({ condition: z.string() }).parse(row).condition);

  const fallback = { first: (startedAtMs ?? 0) * 1_000, last: (finishedAtMs ?? startedAtMs ?? 0) * 1_000 };
  const line = (at: Seen, path: string, condition: string, value: string): string => {
    const [first, last] = at.firstUs > 0 ? [at.firstUs, at.lastUs] : [fallback.first, fallback.last];
    return `${JSON.stringify([selection.campaign, rfc3339(first), rfc3339(last), path, condition, value])}\n`;
  };

  async function* lines(): AsyncGenerator<string> {
    yield `${JSON.stringify({
      _file_type: "obs",
      _conditions: declared,
      _time_start: rfc3339(fallback.first),
      _time_end: rfc3339(fallback.last),
      campaign: selection.campaign,
      series,
      tool: `parallax ${VERSION}`,
    })}\n`;
    for await (const value of await rows(VIEWS)) {
      const row = view.parse(value);
      const path = pathOf(row, []);
      for (const { condition, version, verdict } of findingsOf(row, variants)) {
        yield line(row, path, condition, `port=${row.port} version=${version} verdict=${verdict}`);
      }
    }
    for await (const value of await rows(HANDSHAKES)) {
      const row = handshake.parse(value);
      const found = `port=${row.port} version=${row.variant.slice(1)} verdict=${row.verdict}`;
      yield line(row, pathOf(row, []), handshakeCondition(row.verdict), found);
    }
    for await (const value of await rows(CHANGES)) {
      const row = change.parse(value);
      const found = `port=${row.port} variant=${row.variant} ttl=${row.beforeTtl} confidence=${row.confidence}`;
      yield line(row, pathOf(row, intervalOf(row)), row.condition, found);
    }
  }
  return Readable.from(blocksOf(lines()), { objectMode: false });
}

/** From the vantage point, by its label, over unknown hops and what is known, to the target. */
function pathOf({ vantage, target }: Seen, known: readonly string[]): string {
  const last = element(target);
  const between = known.at(-1) === last ? ["*", ...known] : known.length > 0 ? ["*", ...known, "*", last] : ["*", last];
  return [`vantage|${vantage}`, ...between].join(" ");
}

/** The hops between which something changes; `*` where others are between them. */
function intervalOf({ after, afterTtl, before, beforeTtl }: z.output<typeof change>): string[] {
  if (after === "::") return [element(before)];
  return beforeTtl - afterTtl > 1 ? [element(after), "*", element(before)] : [element(after), element(before)];
}

function element(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function rfc3339(us: number): string {
  const seconds = new Date(Math.floor(us / 1e6) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(us % 1e6).padStart(6, "0")}Z`;
}
