import { z } from "zod";
import type { Parameters, Store } from "../store/store.js";
import { REPORT_ITEMS } from "./items/index.js";
import type { ReportContext, ReportItem, ReportSection, Row } from "./item.js";

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
  const { campaigns } = context;
  const rows: Row[] = [];
  if (item.over === "all") {
    const parameters = { campaigns: campaigns.map(({ id }) => id), dates: campaigns.map(({ date }) => date) };
    rows.push(...(await collect(store, sql, { ...item.parameters, ...parameters })));
  } else {
    for (const { id } of campaigns) {
      for (const found of await collect(store, sql, { ...item.parameters, campaign: id })) {
        rows.push({ campaign: id, ...found });
      }
    }
  }
  return { id: item.id, rows, absent: rows.length > 0 ? null : (item.absent?.(context) ?? "nothing was found") };
}

async function collect(store: Store, sql: string, parameters: Parameters): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const value of store.rows(sql, parameters)) rows.push(row.parse(value));
  return rows;
}
