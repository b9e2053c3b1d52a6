import type { Store } from "../../../coordinator/store/store.js";
import { CAMPAIGN, EARLIER, VANTAGES } from "../query/facts.js";

/** A view of the dashboard. */
export interface BenchView {
  readonly name: string;
  /** Null: the one that the page begins with. */
  readonly hash: string | null;
  /** Asked of the tables, not of the page: when all of these stand there, the view is drawn. */
  readonly words: readonly string[];
}

/** The views with what each must show of a store's tables. Rejects where the tables have nothing to show. */
export async function benchViews(store: Store): Promise<BenchView[]> {
  const one = (sql: string) => firstRow(store, sql);
  const { targets, capable } = await one(`
    SELECT count() AS targets, countIf(host_verdict = 'mptcp') AS capable FROM target_classes FINAL
    WHERE campaign = {campaign:String}`);
  const { different } = await one(`
    SELECT replaceRegexpOne(toString(target), '^::ffff:', '') AS different FROM target_classes FINAL
    WHERE campaign = {campaign:String} AND placement != 'agree' ORDER BY port, target LIMIT 1`);
  const { box, path, port } = await one(`
    SELECT before AS box, any(path) AS path, any(to_port) AS port, count() AS paths
    FROM (
      SELECT replaceRegexpOne(toString(before_hop), '^::ffff:', '') AS before, target_port.1 AS to_port,
        replaceRegexpOne(toString(target_port.2), '^::ffff:', '') AS path
      FROM (SELECT DISTINCT before_hop, (port, target) AS target_port, vantage FROM path_changes FINAL WHERE campaign = {campaign:String})
    )
    GROUP BY before ORDER BY paths DESC, before LIMIT 1`);
  const sources = VANTAGES.map((vantage) => `synscan/v4/80+443/${vantage}`);
  return [
    {
      name: "first view: the campaign, its passes, all campaigns",
      hash: null,
      words: [CAMPAIGN, ...sources, ...EARLIER],
    },
    { name: "matrix", hash: "#/matrix", words: [`${whole(targets)} targets`, String(different), ...VANTAGES] },
    {
      name: "paths to one target, with the interval",
      hash: `#/path?target=${path}&port=${port}`,
      words: [String(path), String(box), "first changed hop", ...VANTAGES],
    },
    { name: "dossiers", hash: "#/dossiers", words: [String(box), "Interval", "boxes"] },
    { name: "growth", hash: "#/growth", words: [whole(capable), CAMPAIGN, ...EARLIER] },
  ];
}

/** As people write numbers, and the page does. */
function whole(count: unknown): string {
  return Number(count).toLocaleString("en");
}

async function firstRow(store: Store, sql: string): Promise<Record<string, unknown>> {
  for await (const row of store.rows(sql, { campaign: CAMPAIGN })) return row;
  throw new Error(`the tables have nothing to show: ${sql.trim()}`);
}
