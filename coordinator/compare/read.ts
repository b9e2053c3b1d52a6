import { z } from "zod";
import { MARKINGS } from "../../shared/verdict/marking.js";
import type { Parameters, Store } from "../store/store.js";
import { readDoorsteps } from "../store/vantage-store.js";
import type { Comparison, Explanation, Middlebox, TargetSummary } from "./document.js";
import { COUNT_HANDSHAKES, handshakeCount } from "./handshakes.js";
import { changesOn, judge } from "./judge.js";
import { CHANGE_TUPLE, changeTuple, evidenceRow, hostVerdict, placement, textAddress, viewVerdict } from "./rows.js";
import { readEvidence } from "./views.js";

/** Rows of the matrix that a comparison shows unless asked for all. */
const MATRIX_LIMIT = 200;

export interface ComparisonRequest {
  readonly campaign: string;
  /** Only this port, or all. */
  readonly port?: number;
  readonly limit?: number;
  /** Also the targets that all vantage points see alike. */
  readonly everything?: boolean;
  /** End of the campaign, Unix milliseconds: what self-tests found until then is told, too. Without it nothing of them. */
  readonly untilMs?: number;
}

const summaryRow = z
  .object({
    target: z.string(),
    port: z.number(),
    host_verdict: hostVerdict,
    host_rule: z.string(),
    placement,
    placement_rule: z.string(),
    rule_version: z.number(),
    views: z.array(z.tuple([z.string(), viewVerdict])),
    changes: z.array(changeTuple),
  })
  .transform(
    (row): TargetSummary => ({
      target: row.target,
      port: row.port,
      hostVerdict: row.host_verdict,
      hostRule: row.host_rule,
      placement: row.placement,
      placementRule: row.placement_rule,
      ruleVersion: row.rule_version,
      views: Object.fromEntries(row.views),
      changes: row.changes,
    }),
  );

const OF_CAMPAIGN = "campaign = {campaign:String} AND ({port:UInt16} = 0 OR port = {port:UInt16})";

/** The comparison of a campaign, from the rollups and their counts. */
export async function readComparison(store: Store, request: ComparisonRequest): Promise<Comparison> {
  const parameters = { campaign: request.campaign, port: request.port ?? 0, limit: request.limit ?? MATRIX_LIMIT };
  const read = <T>(sql: string, row: z.ZodType<T>) => collect(store, sql, parameters, row);
  const classes = await read(
    `SELECT toString(host_verdict) AS hostVerdict, toString(placement) AS placement, sum(class_counts.targets) AS targets
     FROM class_counts FINAL WHERE ${OF_CAMPAIGN} GROUP BY ALL ORDER BY targets DESC, hostVerdict, placement`,
    z.object({ hostVerdict, placement, targets: z.number() }),
  );
  const verdicts = await read(
    `SELECT toString(vantage) AS vantage, port, toString(verdict) AS verdict, sum(view_counts.targets) AS targets
     FROM view_counts FINAL WHERE ${OF_CAMPAIGN} GROUP BY ALL ORDER BY vantage, port, targets DESC, verdict`,
    z.object({ vantage: z.string(), port: z.number(), verdict: viewVerdict, targets: z.number() }),
  );
  const vantages = [...new Set(verdicts.map((count) => count.vantage))];
  return {
    campaign: request.campaign,
    vantages,
    targets: classes.reduce((sum, count) => sum + count.targets, 0),
    classes,
    verdicts,
    handshakes: await read(COUNT_HANDSHAKES, handshakeCount),
    disagreements: await readSummaries(store, request.everything === true ? "1" : "placement != 'agree'", parameters),
    middleboxes: await read(middleboxesWhere(`NOT (${IS_MARKING})`), middleboxRow),
    markings: await read(middleboxesWhere(IS_MARKING), middleboxRow),
    doorsteps: request.untilMs === undefined ? [] : await readDoorsteps(store, vantages, request.untilMs),
  };
}

/** One target of a campaign with all its evidence, a document per port on which anything answered. */
export async function readExplanations(
  store: Store,
  campaign: string,
  target: string,
  untilMs?: ComparisonRequest["untilMs"],
): Promise<Explanation[]> {
  const parameters = { campaign, target, port: 0, limit: MATRIX_LIMIT };
  const summaries = await readSummaries(store, "target = toIPv6({target:String})", parameters);
  const evidence = await collect(store, readEvidence("target = toIPv6({target:String})"), parameters, evidenceRow);
  const vantages = [...new Set(evidence.flatMap(({ views }) => views.map(({ vantage }) => vantage)))];
  const doorsteps = untilMs === undefined ? [] : await readDoorsteps(store, vantages, untilMs);
  return summaries.map((summary) => {
    const views = evidence.find((row) => row.port === summary.port)?.views ?? [];
    const { host, placement } = judge(views, changesOn(views));
    return { ...summary, campaign, evidence: views, doorsteps, why: { host, placement } };
  });
}

function readSummaries(store: Store, where: string, parameters: Parameters): Promise<TargetSummary[]> {
  const sql = `
    WITH
      chosen AS (
        SELECT target, port, host_verdict, host_rule, placement, placement_rule, rule_version FROM target_classes FINAL
        WHERE ${OF_CAMPAIGN} AND ${where} ORDER BY port, target LIMIT {limit:UInt32}
      ),
      views AS (
        SELECT target, port, arraySort(groupArray((toString(vantage), toString(verdict)))) AS views
        FROM target_views FINAL
        WHERE campaign = {campaign:String} AND (target, port) IN (SELECT target, port FROM chosen)
        GROUP BY target, port
      ),
      changes AS (
        SELECT target, port, arraySort(groupArray(${CHANGE_TUPLE})) AS changes
        FROM path_changes FINAL
        WHERE campaign = {campaign:String} AND (target, port) IN (SELECT target, port FROM chosen)
        GROUP BY target, port
      )
    SELECT ${textAddress("chosen.target")} AS target, chosen.port AS port, toString(host_verdict) AS host_verdict,
      toString(host_rule) AS host_rule, toString(placement) AS placement, toString(placement_rule) AS placement_rule,
      rule_version, views.views AS views, changes.changes AS changes
    FROM chosen
    LEFT JOIN views ON views.target = chosen.target AND views.port = chosen.port
    LEFT JOIN changes ON changes.target = chosen.target AND changes.port = chosen.port
    ORDER BY chosen.port, chosen.target`;
  return collect(store, sql, parameters, summaryRow);
}

const middleboxRow = z
  .object({
    condition: z.string(),
    after: z.string(),
    before: z.string(),
    vantages: z.array(z.string()),
    targets: z.number(),
    confidence: z.number(),
    fingerprints: z.array(z.string()),
  })
  .transform((row): Middlebox => ({ ...row, after: row.after === "::" ? null : row.after }));

const IS_MARKING = `condition IN (${MARKINGS.map((condition) => `'${condition}'`).join(", ")})`;

const middleboxesWhere = (kind: string): string => `
  SELECT toString(condition) AS condition, ${textAddress("after_hop")} AS after, ${textAddress("before_hop")} AS before,
    arraySort(groupUniqArray(toString(vantage))) AS vantages, uniqExact(target, port) AS targets,
    round(max(confidence), 2) AS confidence,
    arraySort(groupUniqArrayArray(arrayMap(name -> toString(name), fingerprints))) AS fingerprints
  FROM path_changes FINAL WHERE ${OF_CAMPAIGN} AND ${kind}
  GROUP BY condition, after_hop, before_hop
  ORDER BY targets DESC, after_hop, before_hop, condition
  LIMIT {limit:UInt32}`;

async function collect<T>(store: Store, sql: string, parameters: Parameters, row: z.ZodType<T>): Promise<T[]> {
  const rows: T[] = [];
  for await (const value of store.rows(sql, parameters)) rows.push(row.parse(value));
  return rows;
}
