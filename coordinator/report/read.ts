import { z } from "zod";
import type { Parameters, Store } from "../store/store.js";
import type { ReportCampaign, ReportContext, ReportItem, ReportSection, Row } from "./item.js";
import { REPORT_ITEMS } from "./items/index.js";

/** What a report is about, and what it stands on. */
export interface ReportHead {
  readonly campaigns: readonly ReportCampaign[];
  /** Where networks and places come from, or why they are unknown: a line each. */
  readonly knowledge: readonly string[];
}

const row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** Reads the items of a report one after the other. The same tables give the same rows in the same order. */
export async function* readReport(
  store: Store,
  context: ReportContext,
  items: readonly ReportItem[] = REPORT_ITEMS,
): AsyncGenerator<ReportSection> {
  for (const item of items) yield await readItem(store, context, item);
}

/** The rows of one item. */
export async function readItem(store: Store, context: ReportContext, item: ReportItem): Promise<ReportSection> {
  const sql = item.sql(context);
  const rows: Row[] = [];
  if (sql !== null && item.over === "all") rows.push(...(await collect(store, sql, parametersOfAll(context))));
  if (sql !== null && item.over === "each") {
    for (const campaign of context.campaigns) {
      const found = await collect(store, sql, parametersOf(campaign));
      rows.push(...found.map((one) => ({ campaign: campaign.id, ...one })));
    }
  }
  const refined = item.refine === undefined ? rows : rows.map(item.refine);
  return {
    id: item.id,
    rows: refined,
    absent: rows.length > 0 ? null : (item.absent?.(context) ?? "nothing was found"),
  };
}

function parametersOfAll({ campaigns }: ReportContext): Parameters {
  return { campaigns: campaigns.map(({ id }) => id), dates: campaigns.map(({ date }) => date) };
}

function parametersOf({ id, variants, sources }: ReportCampaign): Parameters {
  return {
    campaign: id,
    variants,
    sources: sources.map((source) => source.id),
    sizes: sources.map(({ size }) => size),
    skips: sources.map(({ skipped }) => skipped),
  };
}

async function collect(store: Store, sql: string, parameters: Parameters): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const value of store.rows(sql, parameters)) rows.push(row.parse(value));
  return rows;
}
